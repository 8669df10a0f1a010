"""A learning platform with a real key pair, and the browser that goes between it and the service."""

import json
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jwcrypto.jwk import JWK
from jwcrypto.jwt import JWT
from starlette.responses import Response
from starlette.testclient import TestClient

from grader.server.lti.id_tokens import IssuerKeys
from grader.server.lti.platforms import LtiPlatform
from grader.server.service import Service
from grader.tests.support.fake_lti import make_key
from grader.tests.support.service import FakeSite

ISSUER = "https://lms.example.edu"
JWKS = f"{ISSUER}/jwks"
KEY_ID = "platform-key"
CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
LINKING = "https://purl.imsglobal.org/spec/lti-dl/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
TEACHER, LEARNER = f"{MEMBERSHIP}#Instructor", f"{MEMBERSHIP}#Learner"


class LaunchingPlatform:
    """One course of one platform, in which the service is a tool."""

    def __init__(self, service: Service, client_id: str, issuer: str = ISSUER, **addresses: str) -> None:
        self.key, self.key_id = make_key(), KEY_ID
        self.published = [{**self.key.export_public(as_dict=True), "kid": KEY_ID, "use": "sig"}]
        self.fetched = 0
        self.client_id = client_id
        given = {name: f"{issuer}/{name}" for name in ("auth_url", "token_url")} | {"jwks_url": JWKS} | addresses
        self.registered: LtiPlatform = service.lti.platforms.add("test", issuer=issuer, client_id=client_id, **given)
        service.lti.issuer_keys = IssuerKeys(self.fetch, clock=lambda: self.now)
        self.now = 0.0

    def fetch(self, address: str) -> Any:
        """Answer the service's request for the keys."""
        assert address == self.registered.jwks_url
        self.fetched += 1
        return json.loads(json.dumps({"keys": self.published}))

    def begin(self, client: TestClient) -> dict[str, str]:
        """Open the tool in the browser and return what the service asks of the platform."""
        query = {"iss": self.registered.issuer, "client_id": self.client_id, "login_hint": "7", "lti_message_hint": "1"}
        reply = client.get("/lti/login", params=query)
        assert reply.status_code == 302, reply.text
        place = urlsplit(reply.headers["location"])
        assert reply.headers["location"].startswith(self.registered.auth_url)
        return {name: values[0] for name, values in parse_qs(place.query).items()}

    def make_claims(self, nonce: str, sub: str, role: str, /, **changes: Any) -> dict[str, Any]:
        """Return the claims of a launch; a change of None leaves a claim out."""
        now = int(time.time())
        claims = {
            "iss": self.registered.issuer,
            "sub": sub,
            "aud": self.client_id,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "name": f"Name of {sub}",
            f"{CLAIM}message_type": "LtiResourceLinkRequest",
            f"{CLAIM}version": "1.3.0",
            f"{CLAIM}deployment_id": "d1",
            f"{CLAIM}target_link_uri": "http://testserver/lti/launch",
            f"{CLAIM}roles": [role],
            f"{CLAIM}context": {"id": "course-1", "title": "Sequence models"},
            f"{CLAIM}resource_link": {"id": "link-1"},
            f"{CLAIM}custom": {"assignment": "toy"},
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def sign(self, claims: dict[str, Any], **header: str) -> str:
        """Return a signed token."""
        token = JWT(header={"alg": "RS256", "kid": self.key_id, **header}, claims=claims)
        token.make_signed_token(self.key)
        return str(token.serialize())

    def launch(
        self, client: TestClient, sub: str, role: str = LEARNER, /, *, dest: str = "iframe", **changes: Any
    ) -> Any:
        """Launch the tool in a frame, or in a window of its own (`dest` is "document")."""
        asked = self.begin(client)
        token = self.sign(self.make_claims(asked["nonce"], sub, role, **changes))
        return self.post(client, asked["state"], token, dest)

    def post(self, client: TestClient, state: str, token: str, dest: str = "iframe") -> Any:
        """Send the browser back to the service, as the platform's page does."""
        headers = {"Origin": self.registered.issuer, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": dest}
        return client.post("/lti/launch", data={"state": state, "id_token": token}, headers=headers)

    def open_course(self, site: FakeSite) -> None:
        """Have a teacher open the tool, which admits the course."""
        assert self.launch(site.visit(), "teacher", TEACHER).status_code == 200


def make_other_key() -> JWK:
    """Return a key that is not the platform's: of another kind, since these are made at once."""
    return JWK.generate(kty="EC", crv="P-256", kid="other")


def read_policy(reply: Response) -> dict[str, str]:
    """Return the content security policy of a page."""
    parts = (part.strip().partition(" ") for part in reply.headers["content-security-policy"].split(";"))
    return {name: value for name, _, value in parts}
