"""`grader push lti`: send scores by LTI Advantage's Assignment and Grade Services, through `pylti1p3next`.

The bodies are those that the export `lti-ags` writes. A signed claim (client credentials) gets a token for many scores.
A line item is found by its tag, or created.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import requests
from jwcrypto.common import JWException
from jwcrypto.jwk import JWK
from pylti1p3.assignments_grades import AssignmentsGradesService
from pylti1p3.exception import LtiException
from pylti1p3.grade import Grade
from pylti1p3.lineitem import LineItem
from pylti1p3.registration import Registration
from pylti1p3.service_connector import ServiceConnector

from grader.exports.lti import render
from grader.model.errors import UsageError
from grader.push.address import check_address
from grader.push.connection import Connection
from grader.push.lti_site import KEY_VARIABLE, Site
from grader.push.platform import PlatformGrade, PlatformReply, ScoreUpload
from grader.push.replies import LtiLineItem, LtiResult, LtiToken
from grader.push.session import PageGuard, PlatformSession, Refusal
from grader.reporting.published import ExportOptions, PublishedClass, PublishedReport

# How long a token is used if the platform does not say, and how long before its end it is renewed.
TOKEN_SECONDS = 60
MARGIN_SECONDS = 30
# Refusals that may concern one student while the others are accepted.
_PERSONAL = {400, 404, 409, 422}
_ADVICE = {
    400: "it does not recognise the tool; check --client-id, --token-url, --audience and the key, and that the tool "
    "may use the grade services",
    401: "it does not accept the tool's signature or token; check --client-id and --token-url, and that the platform "
    "has the public half of the key, under the same --key-id",
    403: "the tool may not use that service; have its scopes (line items, results, scores) granted",
    404: "there is no such service; check --lineitems or --lineitem against what a launch of the tool names",
    422: "it takes no such line item; check the assignment's title and points",
}


class Lti:
    """One line item. The tool's private key signs here and is sent nowhere."""

    name = "the platform"
    system = "lti"

    def __init__(self, site: Site, key: str) -> None:
        """Raises UsageError for an address that a token may not go to, or for what is not a key."""
        if bool(site.lineitems) == bool(site.lineitem):
            raise UsageError("pass either --lineitems, where a line item is found or created, or --lineitem itself")
        self.to = check_address(site.lineitem or site.lineitems)
        self._site = site
        session = PlatformSession(self.name, self.to, token_url=site.token_url)
        self._connection = Connection(session, _ADVICE, (LtiException, AssertionError))
        self._connector = LtiConnector(register_tool(site, key), session)
        self._line_item = LineItem({"id": site.lineitem}) if site.lineitem else LineItem()

    def find_key(self, entry: PublishedReport) -> str:
        """Return the `sub` of the student from the roster. A label is never one."""
        return entry.student.keys.get(self.system, "")

    def connect(self, published: PublishedClass) -> Sequence[str]:
        """Find the line item, or create it."""
        service: Any = {"scope": self._site.scopes, "lineitems": self._site.lineitems}
        self._service = AssignmentsGradesService(self._connector, service)
        if self._site.lineitem:
            return []
        wanted = LineItem().set_tag(published.first.assignment.name).set_label(published.column)
        wanted.set_score_maximum(published.first.max_score)
        with self._connection.explain():
            found = self._connection.insist(lambda _: self._find_line_item(wanted.get_tag()))
            # Search before each attempt: a reply that was lost must not leave two columns.
            address = found or self._connection.insist(lambda _: self._find_or_create(wanted))
        self._line_item = LineItem({"id": address})
        note = f"a line item {published.column!r} was created; if there was one before, push with --again"
        return [] if found else [note]

    def read_grades(self) -> Mapping[str, PlatformGrade]:
        """Return the grades that the line item has."""

        def list_grades(_: int) -> dict[str, PlatformGrade]:
            grades = {}
            for item in self._service.get_grades(self._line_item):
                result = LtiResult.model_validate(item)
                if result.userId is not None:
                    said = None if result.comment is None else (result.comment,)
                    grades[str(result.userId)] = PlatformGrade(result.resultScore, result.resultMaximum or 1.0, said)
            return grades

        with self._connection.explain():
            return self._connection.insist(list_grades)

    def send(self, uploads: Sequence[ScoreUpload]) -> Iterator[PlatformReply]:
        """Send one score after the other."""
        for upload in uploads:
            yield self._post(upload)

    def close(self) -> None:
        """Close the connection."""
        self._connection.session.close()

    def _find_line_item(self, tag: str | None) -> str:
        for item in self._service.get_lineitems():
            if item.get("tag") == tag:
                return LtiLineItem.model_validate(item).id
        return ""

    def _find_or_create(self, wanted: LineItem) -> str:
        address = self._find_line_item(wanted.get_tag())
        if address:
            return address
        created = json.loads(self._service.create_lineitem(wanted).get_value())
        return LtiLineItem.model_validate(created).id

    def _post(self, upload: ScoreUpload) -> PlatformReply:
        with self._connection.explain():
            try:
                self._connection.insist(lambda _: self._put_grade(upload))
            except Refusal as refusal:
                if refusal.status not in _PERSONAL:
                    raise
                return PlatformReply(upload, refusal.status, refusal.reason)
        return PlatformReply(upload, self._connection.session.status)

    def _put_grade(self, upload: ScoreUpload) -> None:
        body = render(upload.entry, ExportOptions())  # rendered now: the time must be later than that of earlier scores
        del body["comment"]
        if upload.comment:
            body["comment"] = upload.comment
        try:
            self._service.put_grade(_Score(body), self._line_item)
        except requests.JSONDecodeError:
            pass  # the platform accepted the score; its body need not be JSON


class _Score(Grade):
    """The body of the export `lti-ags`, as the library's type."""

    def __init__(self, body: Mapping[str, object]) -> None:
        self._body = body

    def get_value(self) -> str:
        return json.dumps(self._body, allow_nan=False)


class _Registration(Registration):
    """The library's registration, with the key id that the platform was given."""

    def __init__(self, key_id: str) -> None:
        self._key_id = key_id

    def get_kid(self) -> str | None:
        return self._key_id or super().get_kid()


class LtiConnector(ServiceConnector):
    """The library's connector. It keeps a token while it is valid, and ends lists that have no end."""

    def __init__(self, registration: Registration, session: PlatformSession) -> None:
        super().__init__(registration, session)
        self._limits = session.limits
        self._tokens: dict[str, tuple[str, float]] = {}

    def get_paginated_data(self, scopes: Sequence[str], url: str | None, *args: Any, **kwargs: Any) -> Any:
        guard = PageGuard(self._limits)
        while url:
            guard.enter(url)
            response = self.make_service_request(scopes, url, *args, **kwargs)
            guard.count(len(response["body"]) if isinstance(response["body"], list) else 0)
            yield response
            url = response["next_page_url"]

    def _get_cached_access_token(self, scope_key: str) -> str | None:
        token, end = self._tokens.get(scope_key, ("", 0.0))
        return token if time.monotonic() < end else None

    def _cache_access_token(self, scope_key: str, access_token: str, expires_in: float) -> None:
        token = LtiToken.model_validate({"access_token": access_token, "expires_in": expires_in})
        seconds = max((token.expires_in or TOKEN_SECONDS) - MARGIN_SECONDS, 0.0)
        self._tokens[scope_key] = (token.access_token, time.monotonic() + seconds)


def register_tool(site: Site, key: str) -> Registration:
    """Return the library's registration of the tool. Raises UsageError for what is not a key."""
    registration = _Registration(site.key_id).set_client_id(site.client_id).set_issuer(site.client_id)
    registration.set_auth_token_url(check_address(site.token_url)).set_tool_private_key(key)
    if site.audience:
        registration.set_auth_audience(site.audience)
    # The library takes the key's id from here: its thumbprint, as in the key set that it publishes.
    return registration.set_tool_public_key(_read_public_half(key)) if key else registration


def _read_public_half(key: str) -> str:
    wanted = f"{KEY_VARIABLE} or the file does not hold a private RSA key in PEM without a password"
    try:
        private = JWK.from_pem(key.encode())
        usable = private["kty"] == "RSA" and private.has_private
    except (JWException, ValueError, TypeError) as error:
        raise UsageError(f"{wanted}: {type(error).__name__}") from error
    if not usable:
        raise UsageError(f"{wanted}: it is another kind of key, or the public half")
    return str(private.export_to_pem().decode())
