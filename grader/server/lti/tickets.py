"""Signed tickets: what the service passes to a browser, to read it again later. A cookie is not needed for that.

The key lives as long as the process: after a restart, a sign-in that is under way begins again.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from grader.server.refusals import RequestRefused

LASTS = 600.0
MOST_USED = 100_000


class Tickets:
    """Makes and reads tickets; each names its purpose, lasts ten minutes, and may be used once."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._used: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def issue(self, purpose: str, **values: Any) -> str:
        """Return a ticket."""
        body = {**values, "for": purpose, "until": self._clock() + LASTS, "id": secrets.token_urlsafe(16)}
        text = base64.urlsafe_b64encode(json.dumps(body).encode()).decode()
        return f"{text}.{self._sign(text)}"

    def read(self, purpose: str, ticket: str) -> dict[str, Any]:
        """Return a ticket's values. Raises RequestRefused for one that is not ours, is too old, or is used up."""
        text, _, signature = ticket.partition(".")
        if not hmac.compare_digest(self._sign(text).encode(), signature.encode("utf-8", "replace")):
            raise RequestRefused(403, "launch_refused", why="the state is not ours")
        body: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text))
        if body["for"] != purpose or body["until"] < self._clock() or body["id"] in self._used:
            raise RequestRefused(403, "launch_refused", why="the state is too old, or was used")
        return body

    def use_up(self, body: dict[str, Any]) -> None:
        """Make a ticket void. Raises RequestRefused where another request was faster."""
        with self._lock:
            if body["id"] in self._used:
                raise RequestRefused(403, "launch_refused", why="the state is too old, or was used")
            self._used[body["id"]] = body["until"]
            while self._used and (next(iter(self._used.values())) < self._clock() or len(self._used) > MOST_USED):
                self._used.popitem(last=False)

    def derive(self, purpose: str, ticket: str) -> str:
        """Return a secret that belongs to a ticket, and that only the service can find out."""
        return self._sign(f"{purpose} secret {ticket}")

    def _sign(self, text: str) -> str:
        return hmac.new(self._key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def digest_binding(secret: str) -> str:
    """Return what a ticket holds of the secret in the browser's cookie."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
