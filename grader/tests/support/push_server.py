"""A platform that listens on this machine, keeps every request, and fails or misbehaves as it is named."""

import json
import re
import socket
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from grader.cli.app import main
from grader.model.report import GradeReport

# Instead of a status: the connection is cut without a reply, before or after the request was carried out.
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
    """A reply. A body that is no text is sent as JSON; `stream` is sent as it is, header lines and all."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: Iterable[bytes] | None = None


@dataclass
class Fault:
    """A reply instead of the right one, `times` times, to requests that match."""

    method: str
    path: str
    reply: Reply
    times: int = 1_000_000
    user: str = ""

    def strikes(self, request: Request) -> bool:
        """Tell whether it is this request's turn."""
        matches = self.method == request.method and re.search(self.path, request.path) is not None
        struck = self.times > 0 and matches and self.user in request.body
        self.times -= struck
        return struck


class FakePlatform:
    """The parts that both platforms have in common; subclasses answer requests, and say how to push to them."""

    command: str
    name: str
    secret: str
    keys: Mapping[str, str]
    roster: str
    writes: tuple[str, str]
    listing: str

    def __init__(self, folder: Path) -> None:
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.url = ""
        self.roster_file = folder / "roster.csv"
        self.roster_file.write_text(self.roster, encoding="utf-8")

    def answer(self, request: Request) -> Reply:
        """Answer as a platform that is well."""
        raise NotImplementedError

    @property
    def to(self) -> str:
        """Return the address that scores go to, as the log records it."""
        raise NotImplementedError

    def store_secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put token or key where the command looks for it."""
        raise NotImplementedError

    def forget_secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take token or key away."""
        raise NotImplementedError

    def list_options(self) -> list[object]:
        """Options of the command."""
        raise NotImplementedError

    def read_scores(self) -> dict[str, float]:
        """Return each student's points, by the id in the report."""
        raise NotImplementedError

    def read_comments(self, student: str) -> list[str]:
        """Return the comments that a student sees."""
        raise NotImplementedError

    def list_changed(self) -> list[str]:
        """Return the keys of the students whose grade was written since the requests were cleared."""
        raise NotImplementedError

    def fail(
        self, method: str, path: str, status: int, *, times: int = 1_000_000, user: str = "", **reply: Any
    ) -> None:
        """Answer such requests with another reply; `user` is part of the body."""
        self.faults.append(Fault(method, path, Reply(status, **reply), times, user))

    def list_writes(self) -> list[Request]:
        """Return every request that would change something; a request for a token changes nothing."""
        return [request for request in self.requests if request.method != "GET" and request.path != "/token"]

    def reply(self, request: Request) -> Reply:
        """Return the right reply, or that of a fault."""
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
        with serve(self.reply) as self.url:
            yield


class Server(ThreadingHTTPServer):
    """A server that is quiet about a client which hangs up."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serve(answer: Any) -> Iterator[str]:
    """Serve replies on a free port of this machine; gives the address."""
    server = Server(("127.0.0.1", 0), make_handler(answer))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_handler(answer: Any) -> type[BaseHTTPRequestHandler]:
    """Return the glue to the standard library's server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # headers and body are two packets: the second would wait for an answer, 40 ms

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
            try:
                self.send_reply(answer(request))
            except ConnectionError:
                self.close_connection = True  # the client has heard enough

        def send_reply(self, reply: Reply) -> None:
            if reply.stream is not None:
                self.close_connection = True
                for part in reply.stream:
                    self.wfile.write(part)
                return
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
    """Run `grader push ...`; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["grader", "push", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def read_lines(run: Path) -> list[dict[str, Any]]:
    """Return the records of a run's log."""
    return [json.loads(line) for line in (run / "push.jsonl").read_text(encoding="utf-8").splitlines()]


def replace_report(run: Path, number: int, report: GradeReport) -> None:
    """Put another report in the place of one."""
    (run / "reports" / f"{number}.json").write_text(report.model_dump_json(), encoding="utf-8")
