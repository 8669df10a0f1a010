"""The client of a service: where a token goes, and where it is kept."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from grader.model.errors import PlatformFailed, UsageError
from grader.student.hand_in import (
    Client,
    TokenRefused,
    check_server,
    find_token_file,
    is_private,
    keep_token,
    read_token,
)


class Stub(BaseHTTPRequestHandler):
    """Answers with the status that the token names."""

    asked: list[str] = []

    def do_GET(self) -> None:
        """Note the path and answer."""
        self.asked.append(self.path)
        self.send_response(int(self.headers["Authorization"].split()[-1]))
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(b'{"detail": "wait \\u001b[31m"}')

    def log_message(self, *arguments: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Yield the address of the stub."""
    server = HTTPServer(("127.0.0.1", 0), Stub)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("status", "error"), [(401, TokenRefused), (503, PlatformFailed), (413, UsageError)])
def test_refusal_is_passed_on(status: int, error: type[Exception], address: str) -> None:
    """As the error that sets the right exit code."""
    with pytest.raises(error, match="wait"):
        Client(address, str(status)).check_token()


def test_redirect_is_not_followed(address: str) -> None:
    """It would take the token to another place."""
    Stub.asked.clear()
    with pytest.raises(UsageError):
        Client(address, "302").check_token()
    assert Stub.asked == ["/api/v1/assignments"]


def test_token_is_kept_for_its_service_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a file that only its owner can read."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    keep_token("https://one.example", "first")
    keep_token("https://two.example", "second")
    assert (read_token("https://one.example"), read_token("https://other.example")) == ("first", None)
    assert find_token_file().stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("given", "server", "private"),
    [
        ("lab.example.edu", "https://lab.example.edu", True),
        ("https://lab.example.edu/course/", "https://lab.example.edu/course", True),
        ("http://localhost:8000", "http://localhost:8000", True),
        ("http://lab.example.edu", "http://lab.example.edu", False),
    ],
)
def test_address_of_a_service(given: str, server: str, private: bool) -> None:
    """TLS unless something else is asked for."""
    assert (check_server(given), is_private(server)) == (server, private)


@pytest.mark.parametrize("given", ["", "ftp://host", "https://user:pass@host"])
def test_what_is_no_address_is_refused(given: str) -> None:
    """With an example of one."""
    with pytest.raises(UsageError, match="https://lab"):
        check_server(given)
