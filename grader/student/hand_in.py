"""`grader submit`: hand in to a service, and wait for the result. Needs the standard library only."""

import json
import os
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from grader.model.errors import GraderError, PlatformFailed, UsageError

TOKEN_VARIABLE = "GRADER_TOKEN"
TIMEOUT = 60.0
MAX_REPLY = 8 << 20
POLL_SECONDS = (0.2, 0.3, 0.5, 1.0, 2.0)
LOCAL = ("localhost", "127.0.0.1", "::1")


class TokenRefused(UsageError):
    """The service does not know the token."""


@dataclass(frozen=True)
class Waiting:
    """A submission that has no report yet: its state, and how many are ahead."""

    status: str
    ahead: int | None = None
    seconds: float | None = None


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follow no redirect: it would take the token to another place."""

    def redirect_request(self, *arguments: object) -> None:
        return None


@dataclass(frozen=True)
class Client:
    """A service at an address, and the token that stands for the student."""

    server: str
    token: str

    def check_token(self) -> None:
        """Raise TokenRefused where the service does not know the token."""
        self._ask("/api/v1/assignments")

    def hand_in(self, paths: Sequence[Path], assignment: str) -> str:
        """Upload files and return the submission's id, once the service has stored them."""
        boundary = secrets.token_hex(16)
        body = b"".join([*_encode_files(paths, boundary), f"--{boundary}--\r\n".encode()])
        kind = f"multipart/form-data; boundary={boundary}"
        reply = self._ask(f"/api/v1/assignments/{quote(assignment, safe='')}/submissions", body, kind)
        return str(reply["id"])

    def wait(self, submission: str, on_wait: Callable[[Waiting], None]) -> dict[str, Any]:
        """Return the service's last word on a submission; call `on_wait` whenever its place has changed."""
        former, polls = None, 0
        while True:
            reply = self._ask(f"/api/v1/submissions/{quote(submission, safe='')}")
            if reply["status"] not in ("queued", "grading"):
                return reply
            now = Waiting(reply["status"], reply.get("ahead"), reply.get("seconds"))
            if now != former:
                on_wait(now)
            former = now
            time.sleep(POLL_SECONDS[min(polls, len(POLL_SECONDS) - 1)])
            polls += 1

    def _ask(self, path: str, body: bytes | None = None, kind: str = "") -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        if kind:
            headers["Content-Type"] = kind
        request = urllib.request.Request(self.server + path, data=body, headers=headers)
        try:
            with urllib.request.build_opener(NoRedirects).open(request, timeout=TIMEOUT) as reply:
                data = reply.read(MAX_REPLY + 1)
            found = json.loads(data) if len(data) <= MAX_REPLY else None
        except urllib.error.HTTPError as error:
            raise _explain(error) from error
        except (urllib.error.URLError, HTTPException, OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise PlatformFailed(f"{self.server} does not answer: {reason}; check the address and try again") from error
        return found if isinstance(found, dict) else {"list": found}


def _explain(error: urllib.error.HTTPError) -> GraderError:
    try:
        detail = str(json.loads(error.read(MAX_REPLY))["detail"])
    except (OSError, ValueError, KeyError, TypeError):
        detail = error.reason
    if error.code == 401:
        return TokenRefused(f"the token was not accepted: {detail} Pass the one that your teachers gave you: --token")
    if error.code in (429, 503, 507):
        return PlatformFailed(f"the service took nothing: {detail}")
    return UsageError(f"the service refused this ({error.code}): {detail}")


def _encode_files(paths: Sequence[Path], boundary: str) -> Iterator[bytes]:
    for path in paths:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise UsageError(f"{str(path)!r} cannot be read: {error.strerror or error}") from error
        name = path.name.replace("\\", "_").replace('"', "%22").replace("\r", " ").replace("\n", " ")
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        yield head.encode() + b"Content-Type: application/octet-stream\r\n\r\n"
        yield data + b"\r\n"


def check_server(server: str) -> str:
    """Return the address of a service without its path. Raises UsageError for what is none."""
    parts = urlsplit(server if "://" in server else f"https://{server}")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise UsageError(f"{server!r} is no address: write https://lab.example.edu")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def is_private(server: str) -> bool:
    """Tell whether the way to a service keeps a token secret: TLS, or this machine."""
    parts = urlsplit(server)
    return parts.scheme == "https" or parts.hostname in LOCAL


def find_token_file() -> Path:
    """Return the file that keeps tokens, one for each service."""
    base = os.environ.get("XDG_CONFIG_HOME") or os.environ.get("APPDATA") or Path.home() / ".config"
    return Path(base) / "grader" / "tokens.json"


def read_token(server: str) -> str | None:
    """Return the token that was kept for a service."""
    try:
        found = json.loads(find_token_file().read_bytes()).get(server)
    except (OSError, ValueError, AttributeError):
        return None
    return found if isinstance(found, str) else None


def keep_token(server: str, token: str) -> None:
    """Keep a token in a file that only this user can read."""
    path = find_token_file()
    try:
        known = json.loads(path.read_bytes())
    except (OSError, ValueError):
        known = {}
    path.parent.mkdir(parents=True, exist_ok=True)
    candidate = path.with_name(f".tokens.{os.getpid()}")
    candidate.touch(mode=0o600)
    candidate.write_text(json.dumps({**known, server: token}, indent=2), encoding="utf-8")
    candidate.replace(path)
