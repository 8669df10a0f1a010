"""Signing in by an OpenID provider that listens on this machine."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from jwcrypto.jwt import JWT
from starlette.testclient import TestClient

from grader.model.errors import UsageError
from grader.server.oidc import open_provider
from grader.server.people import Role
from grader.tests.support.fake_lti import make_key
from grader.tests.support.push_server import Reply, Request, serve
from grader.tests.support.service import FakeSite

KEY = "provider-key"


class FakeProvider:
    """A provider with a real key pair, which checks PKCE and the tool's secret."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: dict[str, str] = {}
        self.changes: dict[str, Any] = {}

    def answer(self, request: Request) -> Reply:
        """Answer as the specification has it."""
        if request.path == "/jwks":
            public = make_key().export_public(as_dict=True)
            return Reply(body={"keys": [{**public, "kid": KEY}]})
        if request.path == "/token":
            return self.redeem(request)
        names = {"authorization_endpoint": "auth", "token_endpoint": "token", "jwks_uri": "jwks"}
        return Reply(body={"issuer": self.url, **{name: f"{self.url}/{path}" for name, path in names.items()}})

    def redeem(self, request: Request) -> Reply:
        """Give a token to the tool that sent the browser."""
        form = request.form
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == self.asked["code_challenge"]
        assert request.headers["Authorization"] == "Basic " + base64.b64encode(b"lab:s%3Aecret").decode()
        if form["code"] != "right":
            return Reply(400, {"error": "invalid_grant"})
        now = int(time.time())
        claims = {"iss": self.url, "aud": "lab", "sub": "1", "iat": now, "exp": now + 60, "nonce": self.asked["nonce"]}
        token = JWT(header={"alg": "RS256", "kid": KEY}, claims=claims | {"uid": "kim"} | self.changes)
        token.make_signed_token(make_key())
        return Reply(body={"id_token": token.serialize(), "access_token": "unused"})


@pytest.fixture
def provider(site: FakeSite) -> Iterator[FakeProvider]:
    """The provider of the service."""
    found = FakeProvider()
    with serve(found.answer) as found.url:
        settings = {"issuer": found.url, "client_id": "lab", "client_secret": "s:ecret", "claim": "uid", "label": "Uni"}
        site.service.data.oidc.write_text(json.dumps(settings))
        site.service.oidc = open_provider(site.service.data)
        yield found
    site.service.oidc = None


def visit_provider(client: TestClient, provider: FakeProvider) -> str:
    """Begin to sign in and return the state with which the provider sends the browser back."""
    place = client.get("/oidc/login?next=/assignments/toy").headers["location"]
    provider.asked = {name: values[0] for name, values in parse_qs(urlsplit(place).query).items()}
    assert place.startswith(f"{provider.url}/auth?") and "code_verifier" not in provider.asked
    return provider.asked["state"]


def test_person_with_an_account_signs_in_at_the_university(site: FakeSite, provider: FakeProvider) -> None:
    """Once for each visit to the provider."""
    site.service.people.add("kim", Role.STUDENT)
    client = site.visit()
    assert "Uni" in client.get("/sign-in").text
    state = visit_provider(client, provider)
    reply = client.get("/oidc/callback", params={"state": state, "code": "right"})
    assert reply.headers["location"] == "/assignments/toy" and client.get("/").status_code == 200
    assert client.get("/oidc/callback", params={"state": state, "code": "right"}).status_code == 403


@pytest.mark.parametrize(
    "changes",
    [{"iss": "https://evil.example"}, {"aud": "other"}, {"nonce": "x"}, {"exp": 1}, {"uid": "unknown"}, {"uid": 7}],
    ids=str,
)
def test_token_for_another_sign_in_is_refused(changes: dict[str, Any], site: FakeSite, provider: FakeProvider) -> None:
    """Or for someone without an account here."""
    client, provider.changes = site.visit(), changes
    state = visit_provider(client, provider)
    assert client.get("/oidc/callback", params={"state": state, "code": "right"}).status_code == 403
    assert "grader_session" not in client.cookies


def test_sign_in_of_another_browser_is_refused(site: FakeSite, provider: FakeProvider) -> None:
    """No one ends up in the account of the person whose address they opened."""
    state = visit_provider(site.visit(), provider)
    assert site.visit().get("/oidc/callback", params={"state": state, "code": "right"}).status_code == 403


def test_wrong_settings_stop_the_start(site: FakeSite) -> None:
    """With a sentence that names the field."""
    site.service.data.oidc.write_text('{"issuer": "https://login.example.edu", "client_id": "lab"}')
    with pytest.raises(UsageError, match="claim"):
        open_provider(site.service.data)
    site.service.data.oidc.unlink()
