"""Sign in by the university's OpenID Connect: authorization code with PKCE, configured in DATA/oidc.json.

It lets in those who have an account here, found by one claim of the token. It makes no accounts.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from grader.model.errors import UsageError
from grader.push.address import check_address
from grader.push.replies import Reply, describe_misfit
from grader.server.lti.id_tokens import (
    Expected,
    IdClaims,
    IssuerKeys,
    check_claims,
    exchange_json,
    open_token,
    parse_claims,
)
from grader.server.lti.tickets import Tickets, digest_binding
from grader.server.people import People, Person
from grader.server.refusals import RequestRefused
from grader.server.settings import DataFolder

DESCRIPTION_LASTS = 3600.0
WELL_KNOWN = "/.well-known/openid-configuration"


class OidcSettings(BaseModel):
    """DATA/oidc.json. `claim` names the claim that is a person's name here; people must not be able to choose it."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    issuer: str
    client_id: str = Field(min_length=1)
    client_secret: str = ""
    claim: str = Field(min_length=1)
    label: str = "OpenID Connect"
    scope: str = "openid profile"


class ProviderDescription(Reply):
    """The facts that the provider publishes about itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: list[str] = Field(default_factory=lambda: ["client_secret_basic"])


class GrantedTokens(Reply):
    """The provider's answer to a code."""

    id_token: str


@dataclass
class OidcProvider:
    """The provider of a service."""

    settings: OidcSettings
    tickets: Tickets = field(default_factory=Tickets)
    issuer_keys: IssuerKeys = field(default_factory=IssuerKeys)
    _known: tuple[float, ProviderDescription] | None = None

    def begin(self, callback: str, place: str) -> tuple[str, str]:
        """Return where to send the browser, and the secret for its cookie."""
        binding, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        state = self.tickets.issue("oidc", nonce=nonce, place=place, binding=digest_binding(binding))
        verifier = self.tickets.derive("oidc", state)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "scope": self.settings.scope,
            "redirect_uri": callback,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        address = self.describe().authorization_endpoint
        return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(query)}", binding

    def finish(self, people: People, code: str, state: str, binding: str, callback: str) -> tuple[Person, str]:
        """Return who signed in, and where they wanted to go. Raises RequestRefused."""
        body = self.tickets.read("oidc", state)
        if not hmac.compare_digest(digest_binding(binding), body["binding"]):
            raise RequestRefused(403, "launch_refused", why="it began in another browser, or cookies are off")
        self.tickets.use_up(body)
        provider = self.describe()
        token = self._redeem(provider, code, self.tickets.derive("oidc", state), callback)
        raw = open_token(token, lambda key_id: self.issuer_keys.find(provider.jwks_uri, key_id))
        claims: IdClaims = parse_claims(IdClaims, raw)
        check_claims(claims, Expected(self.settings.issuer, self.settings.client_id, body["nonce"]))
        name = raw.get(self.settings.claim)
        if self.settings.claim == "email" and raw.get("email_verified") is not True:
            raise RequestRefused(403, "launch_refused", why="the address was not verified")
        person = people.find(name) if isinstance(name, str) else None
        if person is None or not person.is_active:
            raise RequestRefused(403, "launch_refused", why="you have no account here; ask your teachers for one")
        return person, str(body["place"])

    def describe(self) -> ProviderDescription:
        """Return what the provider publishes of itself, kept for an hour."""
        if self._known is None or time.monotonic() - self._known[0] > DESCRIPTION_LASTS:
            raw = exchange_json("GET", self.settings.issuer.rstrip("/") + WELL_KNOWN)
            found: ProviderDescription = parse_claims(ProviderDescription, raw)
            if found.issuer != self.settings.issuer:
                raise UsageError(f"{self.settings.issuer} describes itself as {found.issuer!r}: correct oidc.json")
            for address in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
                check_address(address)
            self._known = (time.monotonic(), found)
        return self._known[1]

    def _redeem(self, provider: ProviderDescription, code: str, verifier: str, callback: str) -> str:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": callback, "code_verifier": verifier}
        authorization, own = "", self.settings
        if own.client_secret and "client_secret_post" not in provider.token_endpoint_auth_methods_supported:
            pair = f"{quote(own.client_id, safe='')}:{quote(own.client_secret, safe='')}"
            authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = own.client_id
            form |= {"client_secret": own.client_secret} if own.client_secret else {}
        raw = exchange_json("POST", provider.token_endpoint, authorization=authorization, data=form)
        granted: GrantedTokens = parse_claims(GrantedTokens, raw)
        return granted.id_token


def open_provider(data: DataFolder) -> OidcProvider | None:
    """Return the provider of a service; None where there is none. Raises UsageError for a file that is wrong."""
    try:
        raw: Any = json.loads(data.oidc.read_bytes())
        settings = OidcSettings.model_validate(raw)
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise UsageError(f"{str(data.oidc)!r} is wrong: {describe_misfit(error)}") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{str(data.oidc)!r} cannot be read as JSON: {error}") from error
    check_address(settings.issuer)
    return OidcProvider(settings)
