"""`grader push lti`: scores by LTI Advantage's Assignment and Grade Services, through `pylti1p3next`.

Listed in `cli`. The same bodies go out as `lti-ags` exports. A token is had by a signed claim (client credentials), and
lasts for many scores; a line item is found by its tag, or made.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
from grader.push.connection import Connection, Refusal, Session, check_address
from grader.push.delivery import PlatformGrade, PlatformReply, ScoreUpload
from grader.reporting.published import ExportOptions, PublishedClass, PublishedReport

KEY_VARIABLE = "GRADER_LTI_KEY"
_SCOPES = "https://purl.imsglobal.org/spec/lti-ags/scope/"
# Where a platform does not say how long its token lasts, and what is kept back of what it says.
TOKEN_SECONDS = 60
MARGIN_SECONDS = 30
# What can be wrong with one student while the others are well.
_PERSONAL = {400, 404, 409, 422}
_ADVICE = {
    400: "it does not take the tool for one of its own; check --client-id, --token-url, --audience and the key, and "
    "that the tool may use the grade services",
    401: "it does not accept the tool's signature or token; check --client-id and --token-url, and that the platform "
    "has the public half of the key, under the same --key-id",
    403: "the tool may not use that service there; have its scopes (line items, results, scores) granted",
    404: "there is no such service; check --lineitems or --lineitem against what a launch of the tool names",
    422: "it takes no such line item; check the assignment's title and points",
}


@dataclass(frozen=True)
class Site:
    """What a platform calls the tool, and where its services are: all of it is in the tool's registration and launch.

    `lineitem` is one column of the gradebook, `lineitems` the place of all of them, where one is found or made.
    """

    token_url: str
    client_id: str
    lineitems: str = ""
    lineitem: str = ""
    key_id: str = ""
    audience: str = ""

    @property
    def scopes(self) -> list[str]:
        """What the token must allow; a line item that is given need not be looked for."""
        scopes = ["score", "result.readonly"] if self.lineitem else ["lineitem", "score", "result.readonly"]
        return [_SCOPES + scope for scope in scopes]


class Lti:
    """One line item. Holds the tool's private key, which signs and goes nowhere."""

    name = "the platform"
    system = "lti"

    def __init__(self, site: Site, key: str) -> None:
        """Raises UsageError for an address that a token may not go to, or for what is no key."""
        if bool(site.lineitems) == bool(site.lineitem):
            raise UsageError("pass either --lineitems, where a line item is found or made, or --lineitem, which is it")
        self.to = check_address(site.lineitem or site.lineitems)
        self._site = site
        self._connection = Connection(self.name, self.to, Session(), _ADVICE, (LtiException, AssertionError))
        self._connector = _Connector(_register(site, key), self._connection.session)
        self._line_item = LineItem({"id": site.lineitem}) if site.lineitem else LineItem()

    def find_key(self, entry: PublishedReport) -> str:
        """Any text may be the `sub` of a user, but no label is: only the roster knows."""
        return entry.student.keys.get(self.system, "")

    def connect(self, published: PublishedClass) -> Sequence[str]:
        """Find the line item, or make it."""
        service: Any = {"scope": self._site.scopes, "lineitems": self._site.lineitems}
        self._service = AssignmentsGradesService(self._connector, service)
        if self._site.lineitem:
            return []
        tag = published.first.assignment.name
        wanted = LineItem().set_tag(tag).set_label(published.column)
        wanted.set_score_maximum(published.first.max_score)
        with self._connection.explain():
            found = self._connection.insist(lambda _: self._service.find_lineitem_by_tag(tag))
            # Looked for before each attempt: an answer that was lost must not leave two columns.
            line_item = found or self._connection.insist(lambda _: self._service.find_or_create_lineitem(wanted))
        if not line_item.get_id():
            raise UsageError(f"{self._connection.place} names no address of its line item: pass it with --lineitem")
        self._line_item = line_item
        return [] if found else [f"a line item {published.column!r} was made; where one was lost, push with --again"]

    def read_held(self) -> Mapping[str, PlatformGrade]:
        """What the line item has of every student."""
        with self._connection.explain():
            results = self._connection.insist(lambda _: list(self._service.get_grades(self._line_item)))
        return {str(result.get("userId")): _make_held(result) for result in results}

    def send(self, parcels: Sequence[ScoreUpload]) -> Iterator[PlatformReply]:
        """One by one."""
        for parcel in parcels:
            yield self._post(parcel)

    def close(self) -> None:
        """Hang up."""
        self._connection.session.close()

    def _post(self, parcel: ScoreUpload) -> PlatformReply:
        with self._connection.explain():
            try:
                self._connection.insist(lambda _: self._put_grade(parcel))
            except Refusal as refusal:
                if refusal.status not in _PERSONAL:
                    raise
                return PlatformReply(parcel, refusal.status, refusal.reason)
        return PlatformReply(parcel, self._connection.session.status)

    def _put_grade(self, parcel: ScoreUpload) -> None:
        try:
            self._service.put_grade(_Score(_render(parcel)), self._line_item)
        except requests.JSONDecodeError:
            pass  # it took the score, and says so in words


class _Score(Grade):
    """The body that `lti-ags` exports, in the library's clothes."""

    def __init__(self, body: Mapping[str, object]) -> None:
        self._body = body

    def get_value(self) -> str:
        return json.dumps(self._body, allow_nan=False)


class _Registration(Registration):
    """The library's own, with a key id that the platform may have been given."""

    def __init__(self, key_id: str) -> None:
        self._key_id = key_id

    def get_kid(self) -> str | None:
        return self._key_id or super().get_kid()


class _Connector(ServiceConnector):
    """Keeps the token for as long as it lasts."""

    def __init__(self, registration: Registration, session: Session) -> None:
        super().__init__(registration, session)
        self._tokens: dict[str, tuple[str, float]] = {}

    def _get_cached_access_token(self, scope_key: str) -> str | None:
        token, end = self._tokens.get(scope_key, ("", 0.0))
        return token if time.monotonic() < end else None

    def _cache_access_token(self, scope_key: str, access_token: str, expires_in: float) -> None:
        lasts = max(float(expires_in or TOKEN_SECONDS) - MARGIN_SECONDS, 0.0)
        self._tokens[scope_key] = (access_token, time.monotonic() + lasts)


def _register(site: Site, key: str) -> Registration:
    registration = _Registration(site.key_id).set_client_id(site.client_id).set_issuer(site.client_id)
    registration.set_auth_token_url(check_address(site.token_url)).set_tool_private_key(key)
    if site.audience:
        registration.set_auth_audience(site.audience)
    # Whence the key's id comes: its thumbprint, as in the key set that the library publishes.
    return registration.set_tool_public_key(_read_public_half(key)) if key else registration


def _read_public_half(key: str) -> str:
    try:
        private = JWK.from_pem(key.encode())
        usable = private["kty"] == "RSA" and private.has_private
    except (JWException, ValueError, TypeError) as error:
        raise UsageError(f"{_tell_key()}: {type(error).__name__}") from error
    if not usable:
        raise UsageError(f"{_tell_key()}: it is another kind of key, or the public half")
    return str(private.export_to_pem().decode())


def _tell_key() -> str:
    return f"what {KEY_VARIABLE} or the file holds is no private RSA key in PEM, without a password"


def _render(parcel: ScoreUpload) -> dict[str, object]:
    body = render(parcel.entry, ExportOptions())  # made now: the time is later than that of any score before
    del body["comment"]
    return {**body, "comment": parcel.comment} if parcel.comment else body


def _make_held(result: Mapping[str, Any]) -> PlatformGrade:
    points = result.get("resultScore")
    comments = (str(result["comment"]),) if "comment" in result else None
    return PlatformGrade(points, float(result.get("resultMaximum") or 1.0), comments)
