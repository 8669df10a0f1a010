"""Check an id token: its signature by the issuer's published keys, and the claims that tie it to one sign-in.

The same for LTI and for OpenID Connect.
"""

import json
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jwcrypto.common import JWException
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from grader.model.errors import GraderError, PlatformFailed
from grader.push.replies import describe_misfit
from grader.push.session import BadReply, PlatformSession, PushLimits, Refusal, Unanswered
from grader.server.refusals import RequestRefused

# Only signatures by a private key: with a shared secret, a client id could be taken for a key.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
# Clocks differ.
LEEWAY = 60.0
OLDEST = 3600.0
KEYS_LAST = 3600.0
# An unknown key may be new; but not every stranger's token is worth a request.
ASK_AGAIN = 30.0
MOST_KEYS = 50
# Somebody waits in front of a browser.
LOOK_UP = PushLimits(reply_bytes=1 << 20, reply_seconds=10.0)


class IdClaims(BaseModel):
    """The claims that every id token has."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    iss: str
    sub: str = Field(pattern=r"^[\x20-\x7e]{1,255}$")
    aud: str | list[str]
    exp: float
    iat: float
    nonce: str
    azp: str | None = None
    name: str = ""


@dataclass(frozen=True)
class Expected:
    """The claims that the token of one sign-in must make."""

    issuer: str
    client_id: str
    nonce: str


@dataclass
class _KnownKeys:
    """The keys of one issuer, fetched by one request at a time."""

    keys: dict[str, JWK] = field(default_factory=dict)
    fetched_at: float = -math.inf
    asked_at: float = -math.inf
    lock: threading.Lock = field(default_factory=threading.Lock)


class IssuerKeys:
    """The published keys of issuers, by address. They are kept for an hour; an unknown key is looked for at once."""

    def __init__(self, fetch: Callable[[str], Any] | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch or (lambda address: exchange_json("GET", address))
        self._clock = clock
        self._known: dict[str, _KnownKeys] = {}
        self._lock = threading.Lock()

    def find(self, address: str, key_id: str) -> JWK:
        """Return a key. Raises RequestRefused where the issuer has none with that id, or does not answer."""
        with self._lock:
            known = self._known.setdefault(address, _KnownKeys())
        with known.lock:
            now = self._clock()
            is_old = now - known.fetched_at >= KEYS_LAST
            if (is_old or key_id not in known.keys) and now - known.asked_at >= ASK_AGAIN:
                known.asked_at = now
                known.keys = self._read(address)
                known.fetched_at = now
            elif is_old:
                raise RequestRefused(502, "launch_refused", why="its issuer did not answer: try again in a minute")
            if key_id not in known.keys:
                raise RequestRefused(403, "launch_refused", why="its key is not among the published ones")
            return known.keys[key_id]

    def _read(self, address: str) -> dict[str, JWK]:
        try:
            found = self._fetch(address)["keys"][:MOST_KEYS]
            usable = [each for each in found if each.get("kty") in ("RSA", "EC") and each.get("use", "sig") == "sig"]
            return {str(each.get("kid", "")): JWK(**each) for each in usable}
        except (GraderError, JWException, KeyError, TypeError, AttributeError, ValueError) as error:
            raise RequestRefused(502, "launch_refused", why=f"no keys at {address}: {error}") from error


def exchange_json(method: str, address: str, *, authorization: str = "", **content: Any) -> Any:
    """Send one request and return the JSON of the answer. Raises UsageError and PlatformFailed."""
    session = PlatformSession("the platform", address)
    session.limits = LOOK_UP
    headers = {"Authorization": authorization} if authorization else {}
    try:
        return session.request(method, address, headers=headers, **content).json()
    except (Refusal, Unanswered, BadReply, ValueError) as error:
        raise PlatformFailed(f"{session.place} gave no usable answer: {error}") from error
    finally:
        session.close()


def open_token(token: str, find_key: Callable[[str], JWK]) -> dict[str, Any]:
    """Return the claims of a token whose signature is right. Raises RequestRefused."""
    try:
        if token.count(".") != 2:
            raise ValueError("not three parts")
        jws = JWS()
        jws.allowed_algs = ALGORITHMS
        jws.deserialize(token)
        key_id = str(jws.jose_header.get("kid", ""))
        jws.verify(find_key(key_id))
        # Some issuers write null for a claim that they do not have.
        claims = json.loads(jws.payload, object_hook=_drop_nulls)
    except (JWException, ValueError, TypeError, RecursionError) as error:
        raise RequestRefused(403, "launch_refused", why="its signature is wrong") from error
    if not isinstance(claims, dict):
        raise RequestRefused(403, "launch_refused", why="it holds no claims")
    return claims


def _drop_nulls(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def check_claims(claims: IdClaims, expected: Expected) -> None:
    """Raise RequestRefused for a token that was not made for this sign-in."""
    now = time.time()
    audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    problems = {
        "it is from another issuer": claims.iss != expected.issuer,
        "it is for another tool": expected.client_id not in audience
        or (claims.azp or expected.client_id) != expected.client_id
        or (len(audience) > 1 and claims.azp is None),
        "it has expired": claims.exp < now - LEEWAY,
        "it is from the future, or too old: check the clocks": not now - OLDEST < claims.iat < now + LEEWAY,
        "its nonce is of another sign-in": claims.nonce != expected.nonce,
    }
    for why, is_wrong in problems.items():
        if is_wrong:
            raise RequestRefused(403, "launch_refused", why=why)


def parse_claims(model: type[Any], claims: dict[str, Any]) -> Any:
    """Return claims as a model. Raises RequestRefused, with the claim that is wrong and not its value."""
    try:
        return model.model_validate(claims)
    except ValidationError as error:
        raise RequestRefused(403, "launch_refused", why=describe_misfit(error)) from error
