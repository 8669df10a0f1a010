"""Webhooks: signed, kept until they are taken, and sent nowhere else."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from grader.server.people import Role
from grader.server.webhooks import deliver, list_webhooks
from grader.tests.support.service import FakeSite


class Receiver(BaseHTTPRequestHandler):
    """Keeps what it gets, and answers with the status that is set."""

    received: list[tuple[bytes, str]] = []
    status = 200

    def do_POST(self) -> None:
        """Take a message."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append((body, self.headers["X-Grader-Signature"]))
        self.send_response(self.status)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Print nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    """Yield the address of the receiver."""
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    thread.join()
    server.server_close()


def test_graded_submission_is_announced_with_a_signature(site: FakeSite, address: str) -> None:
    """And once only."""
    owner, client = site.sign_in("head", Role.OWNER), site.call_as("hooked")
    assert owner.post("/staff/webhooks", data={"url": address}).status_code == 303
    submission = site.hand_in(client)
    site.await_result(submission)
    deliver(site.service.store)
    deliver(site.service.store)
    [(body, signature)] = Receiver.received
    [webhook] = list_webhooks(site.service.store)
    assert signature == "sha256=" + hmac.new(webhook.secret.encode(), body, hashlib.sha256).hexdigest()
    event = json.loads(body)
    assert (event["event"], event["id"], event["status"]) == ("graded", submission, "graded")
    assert "score" not in event


@pytest.mark.parametrize("status", [302, 500])
def test_message_that_is_refused_waits(
    status: int, site: FakeSite, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A redirect is a refusal: the owner named one address."""
    monkeypatch.setattr(Receiver, "status", status)
    owner, client = site.sign_in("head", Role.OWNER), site.call_as("hooked")
    for webhook in list_webhooks(site.service.store):
        owner.post(f"/staff/webhooks/{webhook.id}/remove")
    owner.post("/staff/webhooks", data={"url": address})
    site.await_result(site.hand_in(client, f"# status {status}"))
    assert deliver(site.service.store) == 0


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host", "https://user:pass@host/", "nothing"])
def test_address_must_be_a_web_address(url: str, site: FakeSite) -> None:
    """The service sends nothing to files and other protocols."""
    assert site.sign_in("head", Role.OWNER).post("/staff/webhooks", data={"url": url}).status_code == 422
