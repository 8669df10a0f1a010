"""`grader push lti` against a platform on this machine that checks signatures, tokens, scopes and media types."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.tests.support.export_samples import SECRET, make_faulty_report, make_perfect_report, write_run
from grader.tests.support.push_server import (
    DROP,
    DROP_AFTERWARDS,
    FakePlatform,
    Reply,
    Request,
    read_lines,
    replace_report,
    run_push,
)

pytest.importorskip("pylti1p3", reason="no pylti1p3 here: pip install 'grader[lms]'")

import jwt  # noqa: E402
from jwcrypto.jwk import JWK  # noqa: E402

CLIENT = "10000000000007"
TOKEN = "granted.for-a.while"
SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/"
MEDIA = "application/vnd.ims.lis."
CANVAS = "https://canvas.instructure.com/lti/submission"
ROSTER = "id,name,lti\nS001,Jane Doe,sub-jane\nS002,홍길동,sub-hong\nS003,Kim,\nS004,Lee,sub-lee\n"
SCORES = "/scores$"


class FakeTool(FakePlatform):
    """A course with one other column. Each line item's address has a query, as Moodle's have."""

    def __init__(self, key: JWK) -> None:
        super().__init__()
        self.key = key
        self.items: list[dict[str, Any]] = [{"tag": "other", "label": "Other", "scoreMaximum": 5}]
        self.scores: dict[tuple[int, str], dict[str, Any]] = {}
        self.audience = ""
        self.known = {"sub-jane", "sub-hong", "sub-lee"}
        self.lasts: dict[str, Any] = {"expires_in": 3600}
        self.trouble = ""

    def answer(self, request: Request) -> Reply:
        """Routes, as the specification has them."""
        if request.path == "/token":
            return self.give_token(request.form)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Reply(401, {"error": "invalid_token"})
        if request.path == "/lineitems":
            return self.list_items(request) if request.method == "GET" else self.make_item(request)
        item, _, service = request.path.removeprefix("/lineitems/").partition("/lineitem/")
        if request.query != {"type_id": ["1"]} or not item.isdigit() or int(item) >= len(self.items):
            return Reply(404, {"error": "no such line item"})
        return self.take_score(int(item), request) if service == "scores" else self.list_results(int(item), request)

    def give_token(self, form: dict[str, str]) -> Reply:
        """To a tool that signed for just this address, a moment ago."""
        audience = self.audience or f"{self.url}/token"
        try:
            public = self.key.export_to_pem().decode()
            claim = jwt.decode(form["client_assertion"], public, algorithms=["RS256"], audience=audience)
        except (KeyError, jwt.PyJWTError) as error:
            return Reply(400, {"error": "invalid_client", "error_description": str(error)})
        assert claim["iss"] == claim["sub"] == CLIENT
        assert claim["exp"] - claim["iat"] <= 300
        assert claim["jti"]
        assert form["grant_type"] == "client_credentials"
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        self.granted = set(form["scope"].removeprefix(SCOPE).split(f" {SCOPE}"))
        return Reply(body={"access_token": TOKEN, "token_type": "Bearer", **self.lasts})

    def list_items(self, request: Request) -> Reply:
        """One a page."""
        assert request.headers["Accept"] == f"{MEDIA}v2.lineitemcontainer+json"
        page = int(request.query.get("page", ["0"])[0])
        link = f'<{self.url}/lineitems?page={page + 1}>; rel="next"'
        body = [self.show_item(index) for index in range(len(self.items))][page : page + 1]
        return Reply(body=body, headers={"Link": link} if page + 1 < len(self.items) else {})

    def make_item(self, request: Request) -> Reply:
        """One more column."""
        assert "lineitem" in self.granted
        assert request.headers["Content-Type"] == f"{MEDIA}v2.lineitem+json"
        self.items.append(json.loads(request.body))
        return Reply(201, self.show_item(len(self.items) - 1))

    def show_item(self, index: int) -> dict[str, Any]:
        """With its address."""
        return {"id": f"{self.url}/lineitems/{index}/lineitem?type_id=1", **self.items[index]}

    def take_score(self, item: int, request: Request) -> Reply:
        """Only what is complete, of somebody who is known, and newer than what is there."""
        assert "score" in self.granted
        body = json.loads(request.body)
        self.trouble = self.trouble or find_trouble(request, body)
        before = self.scores.get((item, body["userId"]), {"timestamp": ""})
        if body["userId"] not in self.known:
            return Reply(404, {"error": "no such user"})
        if body["timestamp"] <= before["timestamp"]:
            return Reply(409, {"error": "not newer"})
        self.scores[item, body["userId"]] = body
        return Reply(200, "taken")  # no JSON: nobody says that there must be

    def list_results(self, item: int, request: Request) -> Reply:
        """What there is, on a scale of its own."""
        assert "result.readonly" in self.granted
        assert request.headers["Accept"] == f"{MEDIA}v2.resultcontainer+json"
        return Reply(
            body=[
                {"userId": user, "resultScore": body["scoreGiven"] / 10, "resultMaximum": body["scoreMaximum"] / 10}
                for (index, user), body in self.scores.items()
                if index == item
            ]
        )

    def list_scores(self, item: int = 1) -> dict[str, float]:
        """Who has which."""
        return {user: body["scoreGiven"] for (index, user), body in self.scores.items() if index == item}


def find_trouble(request: Request, body: dict[str, Any]) -> str:
    """What the specification would not have."""
    wanted = {"activityProgress": "Completed", "gradingProgress": "FullyGraded", "scoreMaximum": 100.0}
    if request.headers["Content-Type"] != f"{MEDIA}v1.score+json":
        return f"media type {request.headers['Content-Type']}"
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z", body["timestamp"]):
        return f"timestamp {body['timestamp']}"
    return "" if wanted.items() <= body.items() and body[CANVAS] == {"new_submission": False} else f"body {body}"


@pytest.fixture(scope="module")
def key() -> JWK:
    """The tool's."""
    return JWK.generate(kty="RSA", size=2048)


@pytest.fixture
def tool(key: JWK) -> Iterator[FakeTool]:
    """A platform that is well, and was sent nothing that the specification would not have."""
    platform = FakeTool(key)
    with platform.listen():
        yield platform
    assert platform.trouble == ""


@pytest.fixture
def run(tmp_path: Path, key: JWK) -> Path:
    """A run of four: one of them the grader failed on, one without an id there."""
    (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8")
    (tmp_path / "key.pem").write_bytes(key.export_to_pem(private_key=True, password=None))
    return write_run(tmp_path / "run")


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it would have waited, each time."""
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


@pytest.fixture
def push(monkeypatch: pytest.MonkeyPatch, tool: FakeTool, run: Path) -> Callable[..., int]:
    """`grader push lti RUN ...`."""
    monkeypatch.delenv("GRADER_LTI_KEY", raising=False)

    def call(*more: object, where: str = "--lineitems", to: str = "/lineitems", key: Path | None = None) -> int:
        given = ["--token-url", f"{tool.url}/token", "--client-id", CLIENT, where, f"{tool.url}{to}"]
        files = ["--key-file", key or run.parent / "key.pem", "--roster", run.parent / "roster.csv"]
        return run_push(monkeypatch, "lti", run, *given, *files, *more)

    return call


def test_scores_and_feedback_arrive(push: Callable[..., int], tool: FakeTool, run: Path) -> None:
    """In a line item that is made for the assignment, with a token that is asked for once."""
    assert push() == 0
    assert tool.list_scores() == {"sub-jane": 70.0, "sub-hong": 100.0}
    title = "Attention: Luong, and others"
    assert tool.items[1] == {"scoreMaximum": 100.0, "label": title, "tag": "a4_attention"}
    assert tool.scores[1, "sub-jane"]["comment"].startswith(f"{title}: 70 / 100\n")
    assert tool.granted == {"lineitem", "score", "result.readonly"}
    assert [request.path for request in tool.requests].count("/token") == 1


def test_a_line_item_is_found(push: Callable[..., int], tool: FakeTool, capsys: pytest.CaptureFixture[str]) -> None:
    """By its tag, on whatever page; none is made. Where one was made, that is said."""
    push()
    assert "a line item 'Attention: Luong, and others' was made" in capsys.readouterr().err
    push("--again", "--no-feedback")
    assert len(tool.items) == 2
    assert "was made" not in capsys.readouterr().err


def test_a_line_item_may_be_given(push: Callable[..., int], tool: FakeTool) -> None:
    """Then a tool needs no right to make any."""
    assert push(where="--lineitem", to="/lineitems/0/lineitem?type_id=1") == 0
    assert tool.list_scores(0) == {"sub-jane": 70.0, "sub-hong": 100.0}
    assert tool.granted == {"score", "result.readonly"}
    assert len(tool.items) == 1


def test_whoever_is_left_out_is_named(push: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    """Without an id there, or without a score because the grader failed."""
    push()
    assert capsys.readouterr().err.splitlines()[:2] == [
        "grader: 'S004' has no score yet: the grader itself failed; grade that submission again",
        "grader: 'S003' is left out: no id of the platform; fill the roster's column `lti` and pass it with --roster",
    ]


def test_a_label_is_no_id_there(push: Callable[..., int], tool: FakeTool, run: Path) -> None:
    """Whoever is not on the roster is left out, and nobody else."""
    (run.parent / "roster.csv").write_text("id,lti\nS001,sub-jane\n")
    assert push() == 0
    assert tool.list_scores() == {"sub-jane": 70.0}


def test_a_grader_fault_is_never_sent(push: Callable[..., int], tool: FakeTool, run: Path) -> None:
    """Not even in place of a score that is there."""
    push()
    replace_report(run, 0, make_faulty_report("S001"))
    assert push() == 0
    assert tool.list_scores()["sub-jane"] == 70.0


def test_nothing_hidden_is_sent_or_logged(
    push: Callable[..., int], tool: FakeTool, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Feedback is redacted; `--no-feedback` sends none at all."""
    push()
    told = capsys.readouterr()
    sent = "".join(request.body for request in tool.requests)
    assert "transpose" in sent
    assert SECRET not in sent + told.out + told.err + (run / "push.jsonl").read_text()
    (run / "push.jsonl").unlink()
    tool.scores.clear()
    push("--no-feedback")
    assert "comment" not in tool.scores[1, "sub-jane"]


def test_a_second_push_sends_nothing(push: Callable[..., int], tool: FakeTool) -> None:
    """The log says that all is there; the platform is not even asked."""
    push()
    tool.requests.clear()
    assert push() == 0
    assert tool.requests == []


def test_a_changed_score_is_sent_alone(push: Callable[..., int], tool: FakeTool, run: Path) -> None:
    """With a later time than before, which the platform demands."""
    push()
    replace_report(run, 0, make_perfect_report("S001"))
    tool.requests.clear()
    assert push() == 0
    assert [json.loads(request.body)["userId"] for request in tool.list_writes()] == ["sub-jane"]
    assert tool.list_scores() == {"sub-jane": 100.0, "sub-hong": 100.0}


def test_what_the_platform_has_is_not_sent_again(push: Callable[..., int], tool: FakeTool, run: Path) -> None:
    """Without a log, what is there is seen there, on whatever scale."""
    push()
    (run / "push.jsonl").unlink()
    tool.requests.clear()
    assert push() == 0
    assert tool.list_writes() == []
    assert [line["outcome"] for line in read_lines(run)] == ["there already"] * 2


def test_a_dry_run_sends_nothing(
    push: Callable[..., int], tool: FakeTool, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It reads no key, asks for no token, makes no line item, logs nothing, and prints every score and comment."""
    (run.parent / "key.pem").unlink()
    assert push("--dry-run") == 0
    assert tool.requests == []
    assert not (run / "push.jsonl").exists()
    line = f"would send S001: 70 / 100 to 'sub-jane' at {tool.url}/lineitems\n    Attention: Luong"
    assert line in capsys.readouterr().out


def test_the_log_says_what_went_where(push: Callable[..., int], tool: FakeTool, run: Path) -> None:
    """Who, how much, when, to which address, and the answer; neither key nor token."""
    push()
    first = read_lines(run)[0]
    assert first.pop("at").endswith("+00:00")
    assert len(first.pop("digest")) == 64
    assert first == {
        "system": "lti", "to": f"{tool.url}/lineitems", "student": "S001", "key": "sub-jane", "score": 70.0,
        "max_score": 100.0, "outcome": "sent", "status": 200, "reason": "",
    }  # fmt: skip
    log = (run / "push.jsonl").read_text()
    assert TOKEN not in log
    assert "PRIVATE" not in log


@pytest.mark.parametrize(
    ("status", "method", "path"),
    [
        (429, "POST", SCORES),
        (503, "POST", SCORES),
        (DROP, "POST", SCORES),
        (503, "POST", "/token$"),
        (DROP, "GET", "/lineitems$"),
        (502, "POST", "/lineitems$"),
        (429, "GET", "/results$"),
    ],
)
def test_what_passes_is_waited_for(
    push: Callable[..., int], tool: FakeTool, status: int, method: str, path: str, waits: list[float]
) -> None:
    """Whatever request it befalls: with longer and longer waits."""
    tool.fail(method, path, status, times=3)
    assert push() == 0
    assert tool.list_scores() == {"sub-jane": 70.0, "sub-hong": 100.0}
    assert len(waits) == 2  # the first time at once
    assert 2.0 < waits[0] <= 3.0 < 4.0 < waits[1] <= 5.0


def test_a_platform_may_say_how_long_to_wait(push: Callable[..., int], tool: FakeTool, waits: list[float]) -> None:
    """Retry-After is obeyed."""
    tool.fail("POST", SCORES, 429, times=1, headers={"Retry-After": "17"})
    assert push() == 0
    assert waits == [17]


def test_a_lost_answer_is_made_up_for(push: Callable[..., int], tool: FakeTool) -> None:
    """A score that was taken is sent with a new time, and a line item that was made is found: no second column."""
    tool.fail("POST", "/lineitems$", DROP_AFTERWARDS, times=1)
    tool.fail("POST", SCORES, DROP_AFTERWARDS, times=1)
    assert push() == 0
    assert tool.list_scores() == {"sub-jane": 70.0, "sub-hong": 100.0}
    assert len(tool.items) == 2


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (429, r"answered 429, 6 times over: it takes no more for now; wait some minutes, then run the same command"),
        (500, r"answered 500, 6 times over: the trouble is its own; when it is well, run the same command again"),
        (DROP, r"dropped the connection, 6 times over: check the address and the network, then run the same command"),
    ],
)
def test_a_platform_that_fails(
    push: Callable[..., int], tool: FakeTool, status: int, told: str, capsys: pytest.CaptureFixture[str], run: Path
) -> None:
    """One sentence and exit code 1; what was sent till then stays sent, and the same command sends the rest."""
    tool.faults.append(FailFor("sub-hong", status))
    assert push() == 1
    error = capsys.readouterr().err
    assert re.match(rf"grader: the platform at 127\.0\.0\.1:\d+ {told}", error)
    assert error.endswith("(1 sent, 1 left)\n")
    assert [line["outcome"] for line in read_lines(run)] == ["sent", "stopped"]
    tool.faults.clear()
    tool.requests.clear()
    assert push() == 0
    assert [json.loads(request.body)["userId"] for request in tool.list_writes()] == ["sub-hong"]


class FailFor:
    """A fault for one student's score only."""

    def __init__(self, user: str, status: int) -> None:
        self.user = user
        self.reply = Reply(status)

    def strikes(self, request: Request) -> bool:
        """By the body."""
        return f'"{self.user}"' in request.body


@pytest.mark.parametrize(
    ("method", "path", "status", "told"),
    [
        ("POST", "/token$", 401, "401 (no, no): it does not accept the tool's signature or token; check --client-id"),
        ("POST", "/token$", 403, "403 (no, no): the tool may not use that service there; have its scopes"),
        ("GET", "/lineitems$", 404, "404 (no, no): there is no such service; check --lineitems or --lineitem"),
        ("POST", "/lineitems$", 422, "422 (no, no): it takes no such line item; check the assignment's title"),
        ("GET", "/results$", 403, "403 (no, no): the tool may not use that service there; have its scopes"),
        ("POST", SCORES, 401, "401 (no, no): it does not accept the tool's signature or token"),
        ("POST", SCORES, 403, "403 (no, no): the tool may not use that service there"),
    ],
)
def test_a_refusal_of_the_whole(
    push: Callable[..., int], tool: FakeTool, capsys: pytest.CaptureFixture[str], method: str, path: str,
    status: int, told: str,
) -> None:  # fmt: skip
    """One sentence and exit code 2."""
    tool.fail(method, path, status, body={"error": "no, no"})
    assert push() == 2
    error = capsys.readouterr().err
    assert re.match(r"grader: the platform at 127\.0\.0\.1:\d+ answered " + re.escape(told), error)
    assert error.count("\n") == 1
    assert tool.list_scores() == {}


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_one_refused_student_stops_nobody(
    push: Callable[..., int], tool: FakeTool, status: int, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one is named and in the log, exit code 1, and only that one is tried again."""
    tool.faults.append(FailFor("sub-jane", status))
    assert push() == 1
    assert tool.list_scores() == {"sub-hong": 100.0}
    assert f"the platform would not take the score of 'S001', there 'sub-jane': {status};" in capsys.readouterr().err
    assert [(line["student"], line["status"]) for line in read_lines(run)] == [("S001", status), ("S002", 200)]
    tool.faults.clear()
    tool.requests.clear()
    assert push() == 0
    assert [json.loads(request.body)["userId"] for request in tool.list_writes()] == ["sub-jane"]


def test_a_wrong_key_is_a_mistake_of_the_users(
    push: Callable[..., int], tool: FakeTool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The platform finds the signature wrong."""
    other = JWK.generate(kty="RSA", size=2048).export_to_pem(private_key=True, password=None)
    (tmp_path / "other.pem").write_bytes(other)
    assert push(key=tmp_path / "other.pem") == 2
    error = capsys.readouterr().err
    assert "answered 400 (invalid_client, Signature verification failed): it does not take the tool for one of" in error


def test_the_key_is_named_by_its_thumbprint_or_as_told(push: Callable[..., int], tool: FakeTool, key: JWK) -> None:
    """As in a set of keys that a platform was given."""
    push()
    push("--again", "--no-feedback", "--key-id", "mine")
    claims = [request.form["client_assertion"] for request in tool.requests if request.path == "/token"]
    assert [jwt.get_unverified_header(claim)["kid"] for claim in claims] == [key.thumbprint(), "mine"]


def test_the_audience_may_be_another(push: Callable[..., int], tool: FakeTool) -> None:
    """Some platforms are addressed by another name than where their tokens are."""
    tool.audience = "https://api.platform.example/auth/token"
    assert push("--audience", tool.audience) == 0
    assert tool.list_scores() == {"sub-jane": 70.0, "sub-hong": 100.0}


def test_a_token_is_asked_for_anew_when_it_ends(push: Callable[..., int], tool: FakeTool) -> None:
    """A class may take longer than a token lasts."""
    tool.lasts = {"expires_in": 1}
    assert push() == 0
    assert [request.path for request in tool.requests].count("/token") > 2


def test_a_token_without_an_end_lasts_for_a_while(push: Callable[..., int], tool: FakeTool) -> None:
    """It is not asked for with every score."""
    tool.lasts = {}
    assert push() == 0
    assert [request.path for request in tool.requests].count("/token") == 1


def test_the_key_may_come_from_the_environment(
    push: Callable[..., int], tool: FakeTool, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no file for it."""
    monkeypatch.setenv("GRADER_LTI_KEY", (run.parent / "key.pem").read_text())
    where = ["--token-url", f"{tool.url}/token", "--client-id", CLIENT, "--lineitems", f"{tool.url}/lineitems"]
    assert run_push(monkeypatch, "lti", run, *where, "--roster", run.parent / "roster.csv") == 0
    assert tool.list_scores() == {"sub-jane": 70.0, "sub-hong": 100.0}


@pytest.mark.parametrize("kind", ["words", "public", "elliptic", "empty", "missing"])
def test_what_is_no_key_is_told_without_showing_it(
    push: Callable[..., int], tool: FakeTool, key: JWK, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is sent."""
    elliptic = JWK.generate(kty="EC", crv="P-256").export_to_pem(private_key=True, password=None)
    texts = {"words": b"open sesame", "public": key.export_to_pem(), "elliptic": elliptic, "empty": b"\n"}
    if kind in texts:
        (tmp_path / "it.pem").write_bytes(texts[kind])
    assert push(key=tmp_path / "it.pem") == 2
    error = capsys.readouterr().err
    assert re.match(r"grader: (what GRADER_LTI_KEY or the file holds is no private RSA|no private key|the file)", error)
    assert "sesame" not in error
    assert "BEGIN" not in error
    assert tool.requests == []


def test_no_secret_is_repeated(
    push: Callable[..., int], tool: FakeTool, capsys: pytest.CaptureFixture[str], run: Path
) -> None:
    """Not even where the platform repeats it."""
    tool.fail("POST", SCORES, 422, body={"error": f"Bearer {TOKEN} of {run}"})
    push()
    log = (run / "push.jsonl").read_text()
    assert "Bearer ... of" in log
    assert TOKEN not in log + capsys.readouterr().err


def test_a_signed_claim_is_not_repeated(
    push: Callable[..., int], tool: FakeTool, capsys: pytest.CaptureFixture[str], run: Path
) -> None:
    """Whoever has it could ask for a token for a minute."""
    replies: list[str] = []

    def give_token(form: dict[str, str]) -> Reply:
        replies.append(form["client_assertion"])
        return Reply(400, {"error": f"bad claim {form['client_assertion']}"})

    tool.give_token = give_token  # type: ignore[method-assign]
    assert push() == 2
    told = capsys.readouterr().err
    assert "bad claim ..." in told
    assert replies[0] not in told + (run / "push.jsonl").read_text()


@pytest.mark.parametrize("more", [[], ["--lineitem", "https://lms.example/1"]])
def test_one_address_is_needed(
    monkeypatch: pytest.MonkeyPatch, run: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    """Of one line item, or of all of them."""
    both = ["--lineitems", "https://lms.example/all", *more] if more else []
    given = ["--token-url", "https://lms.example/token", "--client-id", CLIENT, "--key-file", run.parent / "key.pem"]
    assert run_push(monkeypatch, "lti", run, *given, "--roster", run.parent / "roster.csv", *both) == 2
    assert "pass either --lineitems" in capsys.readouterr().err
