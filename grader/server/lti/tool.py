"""The service as a tool of learning platforms: from the start of a launch to the person and the place to show."""

import hmac
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from jwcrypto.common import json_encode
from jwcrypto.jws import JWS

from grader.push.lti_site import Site
from grader.server.lti.accounts import Arrival, find_account
from grader.server.lti.id_tokens import Expected, IssuerKeys, check_claims, open_token, parse_claims
from grader.server.lti.keys import ToolKeys
from grader.server.lti.launch import CLAIM, LaunchClaims, choose_role
from grader.server.lti.links import add_member, find_linked_assignment, keep_link
from grader.server.lti.platforms import LtiCourse, LtiPlatform, Platforms
from grader.server.lti.tickets import Tickets, digest_binding
from grader.server.people import Person, Role
from grader.server.refusals import RequestRefused
from grader.server.settings import DataFolder
from grader.server.store import Store

_LINKING = "https://purl.imsglobal.org/spec/lti-dl/claim/"
ANSWER_LASTS = 300


@dataclass(frozen=True)
class Arrived:
    """A launch that was accepted. `is_bound` says that it comes from the browser in which the sign-in began."""

    platform: LtiPlatform
    claims: LaunchClaims
    person: Person
    assignment: str
    is_bound: bool


@dataclass
class LtiTool:
    """The state that all launches share."""

    data: DataFolder
    store: Store
    tickets: Tickets = field(default_factory=Tickets)
    issuer_keys: IssuerKeys = field(default_factory=IssuerKeys)

    @property
    def keys(self) -> ToolKeys:
        """Return the service's own keys."""
        return ToolKeys(self.data.keys)

    @property
    def platforms(self) -> Platforms:
        """Return the registered platforms."""
        return Platforms(self.store)

    def begin(self, given: dict[str, str], launch_url: str) -> tuple[str, str]:
        """Return where to send the browser at the start of a launch, and the secret for its cookie."""
        platform = self.platforms.find_by_issuer(given.get("iss", ""), given.get("client_id", ""))
        if platform is None:
            raise RequestRefused(403, "launch_refused", why="this platform is not registered here")
        if not given.get("login_hint"):
            raise RequestRefused(422, "launch_refused", why="login_hint is missing")
        binding, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        state = self.tickets.issue("launch", platform=platform.id, nonce=nonce, binding=digest_binding(binding))
        query = {
            "scope": "openid",
            "response_type": "id_token",
            "response_mode": "form_post",
            "prompt": "none",
            "client_id": platform.client_id,
            "redirect_uri": launch_url,
            "login_hint": given["login_hint"],
            "state": state,
            "nonce": nonce,
        }
        if "lti_message_hint" in given:
            query["lti_message_hint"] = given["lti_message_hint"]
        joint = "&" if urlsplit(platform.auth_url).query else "?"
        return f"{platform.auth_url}{joint}{urlencode(query)}", binding

    def find_platform(self, state: str) -> LtiPlatform:
        """Return the platform of a launch, by its state. Raises RequestRefused."""
        platform = self.platforms.find(int(self.tickets.read("launch", state)["platform"]))
        if platform is None:
            raise RequestRefused(403, "launch_refused", why="this platform is not registered here")
        return platform

    def finish(self, state: str, token: str, binding: str | None) -> Arrived:
        """Check a launch and return who arrived. Raises RequestRefused for anything that is not as it must be."""
        body = self.tickets.read("launch", state)
        platform = self.find_platform(state)
        raw = open_token(token, lambda key_id: self.issuer_keys.find(platform.jwks_url, key_id))
        claims: LaunchClaims = parse_claims(LaunchClaims, raw)
        check_claims(claims, Expected(platform.issuer, platform.client_id, body["nonce"]))
        self.tickets.use_up(body)
        role = choose_role(claims.roles)
        course = self._find_course(platform, claims, role)
        arrival = Arrival(platform.source, claims.sub, role, claims.name, claims.sourcedid)
        person = find_account(self.store, arrival)
        with self.store.write() as connection:
            add_member(connection, platform, claims.context, claims.sub)
        if claims.memberships:
            address = platform.check_service(claims.memberships)
            self.platforms.note_memberships(course, claims.context_title, address)
        assignment = claims.assignment or find_linked_assignment(self.store, platform, claims)
        is_bound = binding is not None and hmac.compare_digest(digest_binding(binding), body["binding"])
        return Arrived(platform, claims, person, assignment, is_bound)

    def _find_course(self, platform: LtiPlatform, claims: LaunchClaims, role: Role) -> LtiCourse:
        wanted = LtiCourse(platform.id, claims.deployment, claims.context, claims.context_title)
        known = self.platforms.list_courses(platform)
        found = [each for each in known if (each.deployment, each.context) == (wanted.deployment, wanted.context)]
        if found:
            return found[0]
        if known or role is not Role.STAFF:
            why = (
                f"the platform's course {claims.context!r} in deployment {claims.deployment!r} was not admitted; an "
                f"owner can admit it: grader lti admit {platform.id} --deployment ID --context ID"
            )
            raise RequestRefused(403, "launch_refused", why=why)
        self.platforms.admit(platform.source, wanted)
        return wanted

    def keep_link(self, arrived: Arrived) -> None:
        """Keep where the scores of the launched assignment go."""
        keep_link(self.store, arrived.platform, arrived.claims, arrived.assignment)

    def sign_choice(self, platform: LtiPlatform, deployment: str, data: object, item: dict[str, Any]) -> str:
        """Return the signed answer of deep linking: one link to an assignment."""
        now, key = int(time.time()), self.keys.choose()
        claims: dict[str, Any] = {
            "iss": platform.client_id,
            "aud": platform.issuer,
            "iat": now,
            "exp": now + ANSWER_LASTS,
            "nonce": secrets.token_urlsafe(24),
            f"{CLAIM}deployment_id": deployment,
            f"{CLAIM}message_type": "LtiDeepLinkingResponse",
            f"{CLAIM}version": "1.3.0",
            f"{_LINKING}content_items": [item],
        }
        if data is not None:
            claims[f"{_LINKING}data"] = data
        jws = JWS(json_encode(claims))
        jws.add_signature(key.jwk, protected=json_encode({"alg": "RS256", "typ": "JWT", "kid": key.id}))
        return str(jws.serialize(compact=True))

    def open_site(self, platform: LtiPlatform, lineitem: str = "", lineitems: str = "") -> tuple[Site, str]:
        """Return what `grader push lti` takes as well: the addresses of the services, and the private key."""
        key = self.keys.choose()
        site = Site(
            platform.token_url, platform.client_id, lineitems, lineitem, key_id=key.id, audience=platform.audience
        )
        return site, key.pem
