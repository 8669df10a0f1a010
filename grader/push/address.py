"""Addresses that a token may go to, and where a token or key is read from."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import requests
from urllib3.util import parse_url

from grader.model.errors import UsageError

Origin = tuple[str, str, int]

_LOCAL = {"localhost", "127.0.0.1", "::1"}
_PORTS = {"https": 443, "http": 80}


def check_address(url: str) -> str:
    """Return the address if a token may go there. Raises UsageError for every other."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"not a web address ({error}): pass one such as https://lms.example.edu") from error
    if parts.username or parts.password:
        raise UsageError(f"the address of {parts.hostname} contains a user or a password: pass it without")
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise UsageError(f"{url!r} is not a web address: pass one such as https://lms.example.edu")
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        raise UsageError(f"{url!r} is not encrypted, so others could read the token: pass https://")
    return url


def find_origin(url: str) -> Origin:
    """Return scheme, host and port of an address, as the connection to it will use them."""
    try:
        parts = parse_url(str(requests.Request("GET", url).prepare().url))
    except (requests.RequestException, ValueError) as error:
        raise UsageError(f"{url!r} is not a web address: pass one such as https://lms.example.edu") from error
    scheme = parts.scheme or ""
    return scheme, parts.host or "", parts.port or _PORTS.get(scheme, 0)


def read_secret(what: str, variable: str, path: Path | None) -> str:
    """Read a secret from a file, or else from the environment. Raises UsageError, which never shows the secret."""
    try:
        secret = path.read_text(encoding="utf-8").strip() if path else os.environ.get(variable, "").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the file with the {what} at {str(path)!r}: {type(error).__name__}") from error
    if not secret:
        place = f"the file {str(path)!r} is empty" if path else f"the environment variable {variable} is not set"
        raise UsageError(f"no {what}: {place}; put it there, never on the command line")
    return secret
