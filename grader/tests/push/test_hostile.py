"""A hostile platform: no token leaves for another host, and every push ends within its limits, with one sentence."""

import gzip
import json
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from grader.push.session import PushLimits
from grader.tests.support.push_server import FakePlatform, Reply, Request, serve

Push = Callable[..., int]
Capture = pytest.CaptureFixture[str]
SMALL = PushLimits(reply_bytes=1 << 20, reply_seconds=0.2, run_bytes=4 << 20, run_seconds=60, pages=20, entries=500)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
MOST_SECONDS = 8
BOMB = gzip.compress(b" " * (64 << 20))
MOST_BYTES = 32 << 20


@pytest.fixture(autouse=True)
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """PushLimits small enough to be met in a test."""
    monkeypatch.setattr("grader.push.session.LIMITS", SMALL)
    monkeypatch.setattr("grader.push.connection.REPEATS", 1)


@pytest.fixture
def elsewhere() -> Iterator[list[tuple[str, Request]]]:
    """Another host: its address, with every request that reached it."""
    heard: list[tuple[str, Request]] = []

    def answer(request: Request) -> Reply:
        heard.append(("", request))
        return Reply(body=[])

    with serve(answer) as url:
        heard.append((url, Request("", "", {}, {}, "")))
        yield heard


@pytest.fixture
def attacked(push: Push, capsys: Capture) -> Callable[..., str]:
    """Push, and return the sentence in which it ended, in bounded time."""

    def call(*more: object, code: tuple[int, ...] = (1, 2), **options: Any) -> str:
        started = time.monotonic()
        assert push(*more, **options) in code
        assert time.monotonic() - started < MOST_SECONDS
        lines = capsys.readouterr().err.splitlines()
        assert [line for line in lines if not line.startswith("grader: ")] == []
        return lines[-1]

    return call


def drip(first: bytes, part: bytes) -> Iterator[bytes]:
    """A byte now and then, without end: no socket waits long enough to give up."""
    yield first
    while True:
        Event().wait(0.02)
        yield part


STREAMS: dict[str, Callable[[], Iterator[bytes]]] = {
    "nothing": lambda: drip(b"", b""),
    "slow status": lambda: drip(b"HTTP/1.1 2", b"0"),
    "slow headers": lambda: drip(HEAD, b"X: y\r\n"),
    "slow header": lambda: drip(HEAD + b"X: ", b"y"),
    "slow body": lambda: drip(HEAD + b"Content-Length: 1000000\r\n\r\n[", b" "),
    "slow chunks": lambda: drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "endless continue": lambda: chain(repeat(b"HTTP/1.1 100 Continue\r\n\r\n")),
    "endless headers": lambda: chain([HEAD], repeat(b"X: y\r\n")),
    "endless header": lambda: chain([HEAD, b"X: "], repeat(b"y" * 65536)),
    "endless body": lambda: chain([HEAD, b"\r\n["], repeat(b" " * 65536)),
    "endless chunks": lambda: chain(
        [HEAD, b"Transfer-Encoding: chunked\r\n\r\n"], repeat(b"8\r\n" + b" " * 8 + b"\r\n")
    ),
    "endless chunk size": lambda: chain([HEAD, b"Transfer-Encoding: chunked\r\n\r\n"], repeat(b"0" * 65536)),
    "endless trailers": lambda: chain([HEAD, b"Transfer-Encoding: chunked\r\n\r\n0\r\n"], repeat(b"X: y\r\n")),
    "negative length": lambda: chain([HEAD, b"Content-Length: -1\r\n\r\n"], repeat(b" " * 65536)),
    "short body": lambda: iter([HEAD, b"Content-Length: 100\r\n\r\n[]"]),
    "not http": lambda: iter([b"220 mail.example ESMTP\r\n"]),
    "endless refusal": lambda: chain([b"HTTP/1.1 403 No\r\n\r\n"], repeat(b" " * 65536)),
    "endless redirect": lambda: chain([b"HTTP/1.1 302 Go\r\nLocation: /x\r\n\r\n"], repeat(b" " * 65536)),
    "endless failure": lambda: chain([b"HTTP/1.1 503 Busy\r\n\r\n"], repeat(b" " * 65536)),
    "bomb": lambda: iter([HEAD, b"Content-Encoding: gzip\r\n\r\n", BOMB]),
}


class Stream:
    """A stream that starts again with every reply."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __iter__(self) -> Iterator[bytes]:
        return STREAMS[self.name]()


@pytest.mark.parametrize("name", STREAMS)
def test_stream_without_end_is_cut_off(attacked: Callable[..., str], platform: FakePlatform, name: str) -> None:
    """Any part of the reply may be the one that never ends."""
    platform.fail("GET", platform.listing, 200, stream=Stream(name))
    assert f"{platform.name} at 127.0.0.1" in attacked()


@pytest.mark.parametrize("name", ["slow body", "endless body", "endless failure"])
def test_stream_after_a_score_is_cut_off(attacked: Callable[..., str], platform: FakePlatform, name: str) -> None:
    """The same for a request that writes."""
    platform.fail(*platform.writes, 200, stream=Stream(name))
    assert f"{platform.name} at 127.0.0.1" in attacked()


@pytest.mark.parametrize("name", ["endless body", "endless header", "endless chunk size", "endless redirect", "bomb"])
def test_memory_stays_bounded(attacked: Callable[..., str], platform: FakePlatform, name: str) -> None:
    """Nothing is kept beyond the limit of a reply."""
    platform.fail("GET", platform.listing, 200, stream=Stream(name))
    tracemalloc.start()
    try:
        attacked()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MOST_BYTES


def test_no_thread_is_left_behind(attacked: Callable[..., str], platform: FakePlatform) -> None:
    """A reply that is given up is cut off at the socket, so that nothing goes on reading it."""
    platform.fail("GET", platform.listing, 200, stream=Stream("endless continue"))
    attacked()
    for thread in threading.enumerate():
        if thread.name.startswith("push "):
            thread.join(5)
            assert not thread.is_alive()


@pytest.mark.parametrize("step", ["first", "list", "write"])
@pytest.mark.parametrize("status", [302, 307])
def test_redirect_to_another_host_is_not_followed(
    attacked: Callable[..., str], platform: FakePlatform, elsewhere: Any, step: str, status: int
) -> None:
    """No request follows it; the first is that for the assignment or for a token."""
    method, path = {"first": ("", ""), "list": ("GET", platform.listing), "write": platform.writes}[step]
    for each in [method] if method else ["GET", "POST"]:
        platform.fail(each, path, status, headers={"Location": f"{elsewhere[0][0]}/x"})
    assert f"answered {status} (it redirects elsewhere)" in attacked(code=(2,))
    assert len(elsewhere) == 1


@pytest.mark.parametrize("relation", ['rel="next"', "rel=next"])
def test_next_page_on_another_host_is_not_read(
    attacked: Callable[..., str], platform: FakePlatform, elsewhere: Any, relation: str
) -> None:
    """The token goes to the platform's own origin only."""
    url = elsewhere[0][0]
    for target in (f"{url}/api/v1/x", f"http://127.0.0.1:{platform.url.rpartition(':')[2]}@{url[7:]}/x"):
        platform.faults.clear()
        platform.fail("GET", platform.listing, 200, body=[], headers={"Link": f"<{target}>; {relation}"})
        if platform.command == "lti" and relation == "rel=next":
            continue  # the library does not take this for a link
        sentence = attacked()
        assert "refers to another address" in sentence or "contains a user or a password" in sentence
    assert len(elsewhere) == 1


@pytest.mark.parametrize("kind", ["lti"])
@pytest.mark.parametrize("how", ["found", "created"])
def test_line_item_on_another_host_gets_no_token(
    attacked: Callable[..., str], platform: FakePlatform, elsewhere: Any, how: str
) -> None:
    """Neither one that is found nor one that was just created."""
    item = {"id": f"{elsewhere[0][0]}/item", "tag": "a4_attention", "label": "x", "scoreMaximum": 100}
    if how == "found":
        platform.fail("GET", "/lineitems$", 200, body=[item])
    else:
        platform.fail("POST", "/lineitems$", 201, body=item)
    assert "refers to another address" in attacked()
    assert len(elsewhere) == 1


@pytest.mark.parametrize("kind", ["lti"])
def test_token_address_may_be_elsewhere_and_gets_no_token(push: Push, platform: FakePlatform, capsys: Capture) -> None:
    """It gets the signed claim, which is made for it, and nothing else."""
    heard: list[Request] = []

    def answer(request: Request) -> Reply:
        heard.append(request)
        return platform.answer(request)

    with serve(answer) as url:
        options = [f"{url}/token" if str(option).endswith("/token") else option for option in platform.list_options()]
        platform.audience = f"{url}/token"  # type: ignore[attr-defined]
        assert push(options=options) == 0
        assert platform.read_scores() == {"S001": 70.0, "S002": 100.0}
        assert [(request.path, "Authorization" in request.headers) for request in heard] == [("/token", False)]
        platform.fail("GET", platform.listing, 200, body=[], headers={"Link": f'<{url}/x>; rel="next"'})
        assert push("--again", options=options) == 2
    assert "refers to another address" in capsys.readouterr().err
    assert len(heard) == 2  # a token for the second push


@pytest.mark.parametrize(
    ("body", "next_page", "text"),
    [
        ([], lambda page: "1", "pages go round in a circle"),
        ([], lambda page: page, "pages go round in a circle"),
        ([], lambda page: str(int(page) + 1), "a list of more than 20 pages"),
        ("many", lambda page: str(int(page) + 1), "a list of more than 500 entries"),
        ("large", lambda page: str(int(page) + 1), "sent more than 4 MB in one run"),
    ],
)
def test_list_without_end_is_ended(
    attacked: Callable[..., str], platform: FakePlatform, body: Any, next_page: Callable[[str], str], text: str
) -> None:
    """A loop of pages, ever new pages, and pages of ever more."""
    answer = platform.answer
    entry = {"user_id": 5, "userId": "5"}
    bodies = {"many": [entry] * 100, "large": [entry | {"comment": "x" * 900_000}]}

    def misbehave(request: Request) -> Reply:
        if request.method != "GET" or not request.path.endswith(platform.listing[1:-1]):
            return answer(request)
        page = request.query.get("page", ["0"])[0]
        link = f'<{platform.url}{request.path}?page={next_page(page)}>; rel="next"'
        return Reply(body=bodies.get(body, []) if isinstance(body, str) else body, headers={"Link": link})

    platform.answer = misbehave  # type: ignore[method-assign]
    assert text in attacked(code=(1,))


def test_long_link_header_is_refused(attacked: Callable[..., str], platform: FakePlatform) -> None:
    """The libraries' search in it takes the square of its length."""
    platform.fail("GET", platform.listing, 200, body=[], headers={"Link": "<" * 60_000})
    assert "Link header" in attacked(code=(1,))


NUMBERS = ['"ten"', "NaN", "Infinity", "-Infinity", "-1", "[]", "true", "{}", "1e999"]


@pytest.mark.parametrize("kind", ["canvas"])
@pytest.mark.parametrize("number", NUMBERS)
def test_impossible_maximum_of_canvas_is_named(
    attacked: Callable[..., str], platform: FakePlatform, number: str
) -> None:
    """Nothing is sent on such a scale."""
    platform.fail("GET", "/9$", 200, body=f'{{"points_possible": {number}}}')
    assert "answers, but not as documented (points_possible: " in attacked(code=(2,))
    assert platform.list_writes() == []


@pytest.mark.parametrize("kind", ["lti"])
@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("where", ["result", "found", "created"])
def test_impossible_maximum_of_lti_is_named(
    attacked: Callable[..., str], platform: FakePlatform, number: str, where: str
) -> None:
    """Of a result, and of a line item."""
    if where == "result":
        platform.fail("GET", "/results$", 200, body=f'[{{"userId": "sub-jane", "resultMaximum": {number}}}]')
    else:
        method = "GET" if where == "found" else "POST"
        item = f'{{"id": "{platform.url}/i", "tag": "a4_attention", "scoreMaximum": {number}}}'
        platform.fail(method, "/lineitems$", 200, body=f"[{item}]" if where == "found" else item)
    if where == "created" and number in ("[]", "{}"):
        return  # the library drops an empty value
    field = "resultMaximum" if where == "result" else "scoreMaximum"
    assert f"answers, but not as documented ({field}: " in attacked(code=(2,))


@pytest.mark.parametrize("kind", ["canvas"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "submissions$", {"user_id": 1}),
        ("GET", "submissions$", [7]),
        ("GET", "submissions$", [{"user_id": "../../admin"}]),
        ("GET", "submissions$", [{"user_id": 1, "score": "many"}]),
        ("GET", "submissions$", [{"user_id": 1, "submission_comments": ["x"]}]),
        ("POST", "update_grades$", {"id": "../users/1", "workflow_state": "queued"}),
        ("POST", "update_grades$", {"id": 1, "workflow_state": 7}),
        ("POST", "update_grades$", None),
        ("GET", "/9$", {"points_possible": 100, "_requester": None, "__class__": "x"}),
    ],
)
def test_wrong_types_of_canvas(
    attacked: Callable[..., str], platform: FakePlatform, method: str, path: str, body: object
) -> None:
    """Each is a sentence; what the reply calls an attribute is only data."""
    platform.fail(method, path, 200, body=json.dumps(body))
    sentence = attacked(code=(0, 2))
    assert "not as documented" in sentence or platform.read_scores() == {"S001": 70.0, "S002": 100.0}


@pytest.mark.parametrize("kind", ["lti"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/token$", {"access_token": 7}),
        ("POST", "/token$", {"access_token": "a\r\nX: y"}),
        ("POST", "/token$", {"access_token": "x" * 30_000}),
        ("POST", "/token$", {"access_token": "t", "expires_in": "soon"}),
        ("POST", "/token$", {"access_token": "t", "expires_in": float("nan")}),
        ("POST", "/token$", {}),
        ("POST", "/token$", []),
        ("GET", "/lineitems$", {"id": "x"}),
        ("GET", "/lineitems$", [7]),
        ("GET", "/lineitems$", [{"tag": "a4_attention"}]),
        ("GET", "/lineitems$", [{"tag": "a4_attention", "id": ["x"]}]),
        ("POST", "/lineitems$", {"id": None}),
        ("GET", "/results$", [{"userId": ["x"]}]),
        ("GET", "/results$", [{"userId": "sub-jane", "resultScore": "7"}]),
        ("GET", "/results$", {}),
    ],
)
def test_wrong_types_of_lti(
    attacked: Callable[..., str], platform: FakePlatform, method: str, path: str, body: object
) -> None:
    """Each is a sentence, and no score is sent."""
    platform.fail(method, path, 200, body=json.dumps(body))
    assert "not as documented" in attacked(code=(2,))
    assert platform.read_scores() == {}


BODIES: dict[str, str | bytes] = {
    "nested": "[" * 100_000,
    "nested objects": '{"a":' * 50_000,
    "a number of many digits": f'[{{"user_id": {"9" * 6000}, "userId": "1", "id": {"9" * 6000}}}]',
    "another encoding": '[{"user_id": 1}]'.encode("utf-16"),
    "half a surrogate pair": '[{"user_id": 1, "userId": "\\ud800", "id": "\\ud800"}]',
    "no text": bytes(range(256)),
    "nothing": "",
    "a page": "<html><script>alert(1)</script>",
    "cut off": '[{"user_id": 1',
    "control characters": '[{"user_id": "\\u001b[2J\\u202e", "id": ["\\u001b]0;x\\u0007\\u2028"]}]',
}


@pytest.mark.parametrize("name", BODIES)
def test_odd_body_is_no_traceback(push: Push, platform: FakePlatform, capsys: Capture, name: str) -> None:
    """Each is a sentence without a control character, or about no student of the class."""
    text = BODIES[name]
    data = text if isinstance(text, bytes) else text.encode()
    head = HEAD + f"Content-Length: {len(data)}\r\n\r\n".encode()
    platform.fail("GET", platform.listing, 200, stream=[head, data])
    status = push()
    lines = capsys.readouterr().err.splitlines()
    assert all(line.startswith("grader: ") and line.isprintable() for line in lines)
    assert (status in (1, 2) and lines) or (status, platform.read_scores()) == (0, {"S001": 70.0, "S002": 100.0})


def test_waits_end_with_the_run(attacked: Callable[..., str], platform: FakePlatform, waits: list[float]) -> None:
    """A platform that always asks to wait longer cannot hold a push for more than its time."""
    platform.fail("GET", platform.listing, 429, headers={"Retry-After": "100"})
    assert "has taken more than 1 minutes: run the same command again" in attacked(code=(1,))
    assert sum(waits) < SMALL.run_seconds


def test_run_out_of_time_sends_nothing_more(
    attacked: Callable[..., str], platform: FakePlatform, monkeypatch: pytest.MonkeyPatch, run: Path
) -> None:
    """Its first request is not even sent."""
    monkeypatch.setattr("grader.push.session.LIMITS", PushLimits(run_seconds=0))
    assert "has taken more than 0 minutes" in attacked(code=(1,))
    assert platform.requests == []
