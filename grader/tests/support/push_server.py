"""What tests of a push share: a platform that listens on this machine, keeps every request, and fails as told."""

import json
import re
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from grader.cli.app import main
from grader.model.report import GradeReport

# In place of a status: the connection is cut without an answer, before or after the request was carried out.
DROP = 0
DROP_AFTERWARDS = -1


@dataclass(frozen=True)
class Request:
    """One request as it came in."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: str

    @property
    def form(self) -> dict[str, str]:
        """A body that is a form."""
        return {name: values[0] for name, values in parse_qs(self.body, keep_blank_values=True).items()}


@dataclass(frozen=True)
class Reply:
    """What the platform answers; a body that is no text is sent as JSON."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Fault:
    """Instead of the right answer, `times` times, for requests that match."""

    method: str
    path: str
    reply: Reply
    times: int = 1_000_000

    def strikes(self, request: Request) -> bool:
        """Whether it is this request's turn."""
        struck = self.times > 0 and self.method == request.method and re.search(self.path, request.path) is not None
        self.times -= struck
        return struck


class FakePlatform:
    """Subclasses answer; everything else is here."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.url = ""

    def answer(self, request: Request) -> Reply:
        """What the platform does when it is well."""
        raise NotImplementedError

    def fail(self, method: str, path: str, status: int, times: int = 1_000_000, **reply: Any) -> None:
        """Have it answer so."""
        self.faults.append(Fault(method, path, Reply(status, **reply), times))

    def list_writes(self) -> list[Request]:
        """Every request that would change a grade, the gradebook or a comment; to ask for a token changes nothing."""
        return [request for request in self.requests if request.method != "GET" and request.path != "/token"]

    def reply(self, request: Request) -> Reply:
        """The right answer, or the fault."""
        self.requests.append(request)
        fault = next((fault for fault in self.faults if fault.strikes(request)), None)
        if fault is None:
            return self.answer(request)
        if fault.reply.status == DROP_AFTERWARDS:
            self.answer(request)
        return fault.reply

    @contextmanager
    def listen(self) -> Iterator[None]:
        """Serve in a thread."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), make_handler(self))
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def make_handler(platform: FakePlatform) -> type[BaseHTTPRequestHandler]:
    """The glue to the standard library's server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.handle_request()

        def do_POST(self) -> None:
            self.handle_request()

        def do_PUT(self) -> None:
            self.handle_request()

        def handle_request(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            parts = urlsplit(self.path)
            request = Request(self.command, parts.path, parse_qs(parts.query), dict(self.headers), body)
            self.send_reply(platform.reply(request))

        def send_reply(self, reply: Reply) -> None:
            if reply.status <= 0:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
            data = b"" if reply.body is None else text.encode()
            self.send_response(reply.status)
            for name, value in {**reply.headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


def run_push(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """`grader push ...`, and what the shell is told."""
    monkeypatch.setattr(sys, "argv", ["grader", "push", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def read_lines(run: Path) -> list[dict[str, Any]]:
    """The log of a run."""
    return [json.loads(line) for line in (run / "push.jsonl").read_text(encoding="utf-8").splitlines()]


def replace_report(run: Path, number: int, report: GradeReport) -> None:
    """Another report in the place of one."""
    (run / "reports" / f"{number}.json").write_text(report.model_dump_json(), encoding="utf-8")
