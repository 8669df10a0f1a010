"""`grader push canvas` against a Canvas on this machine that keeps grades, comments and jobs."""

import fcntl
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.tests.support.export_samples import (
    CLASS,
    SECRET,
    make_faulty_report,
    make_perfect_report,
    make_report,
    write_run,
)
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

pytest.importorskip("canvasapi", reason="no canvasapi here: pip install 'grader[lms]'")

TOKEN = "1234~sekrit"
ASSIGNMENT = "/api/v1/courses/5/assignments/9"
ROSTER = "id,name,canvas\nS001,Jane Doe,1234\nS002,홍길동,77\nS003,Kim,\nS004,Lee,88\n"
BULK = "update_grades$"


class FakeCanvas(FakePlatform):
    """One assignment, pages of two submissions, and jobs that are done when they are asked about twice."""

    def __init__(self) -> None:
        super().__init__()
        self.points = 100.0
        self.submissions = {user: self.make_submission(user) for user in ("12", "77", "88", "1234")}
        self.jobs: list[dict[str, Any]] = []

    def make_submission(self, user: str) -> dict[str, Any]:
        """One without a grade."""
        return {
            "user_id": int(user),
            "assignment_id": 9,
            "score": None,
            "entered_score": None,
            "submission_comments": [],
        }

    def answer(self, request: Request) -> Reply:
        """Routes, as Canvas documents them."""
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            errors = {"errors": [{"message": "Invalid access token."}]}
            return Reply(401, errors, {"WWW-Authenticate": 'Bearer realm="canvas-lms"'})
        path = request.path.removeprefix(ASSIGNMENT)
        if request.path.startswith("/api/v1/progress/"):
            return self.tell_job(int(request.path.rpartition("/")[2]))
        if path == "" and request.method == "GET":
            return Reply(body={"id": 9, "course_id": 5, "points_possible": self.points})
        if path == "/submissions/update_grades" and request.method == "POST":
            return self.start_job(request.form)
        if path == "/submissions" and request.method == "GET":
            return self.list_submissions(int(request.query.get("page", ["1"])[0]))
        if path.startswith("/submissions/"):
            return self.touch(path.rpartition("/")[2], request)
        return Reply(404, {"errors": [{"message": "The specified resource does not exist."}]})

    def list_submissions(self, page: int) -> Reply:
        """A page, and where the next one is."""
        found = list(self.submissions.values())
        link = f'<{self.url}{ASSIGNMENT}/submissions?page={page + 1}>; rel="next"'
        return Reply(body=found[2 * page - 2 : 2 * page], headers={"Link": link} if 2 * page < len(found) else {})

    def start_job(self, form: dict[str, str]) -> Reply:
        """Carry it out at once, whoever is known, and say so later."""
        grades: dict[str, dict[str, str]] = {}
        for name, value in form.items():
            user, field = re.fullmatch(r"grade_data\[(\d+)\]\[(\w+)\]", name).groups()  # type: ignore[union-attr]
            grades.setdefault(user, {})[field] = value
        for user in grades.keys() & self.submissions.keys():
            self.give(user, grades[user]["posted_grade"], grades[user].get("text_comment"))
        missing = sorted(grades.keys() - self.submissions.keys())
        message = f"Couldn't find User(s) with API ids '{', '.join(missing)}'" if missing else ""
        self.jobs.append({"states": ["running", "failed" if missing else "completed"], "message": message})
        return Reply(body={"id": len(self.jobs), "workflow_state": "queued", "completion": 0})

    def tell_job(self, number: int) -> Reply:
        """Its state, and once it is done always that."""
        job = self.jobs[number - 1]
        state = job["states"].pop(0) if len(job["states"]) > 1 else job["states"][0]
        return Reply(body={"id": number, "workflow_state": state, "message": job["message"]})

    def touch(self, user: str, request: Request) -> Reply:
        """One student's submission."""
        if user not in self.submissions:
            return Reply(404, {"errors": [{"message": "The specified resource does not exist."}]})
        if request.method == "PUT":
            self.give(user, request.form["submission[posted_grade]"], request.form.get("comment[text_comment]"))
        return Reply(body=self.submissions[user])

    def give(self, user: str, grade: str, comment: str | None) -> None:
        """A grade replaces, a comment is added."""
        self.submissions[user] |= {"score": float(grade), "entered_score": float(grade)}
        if comment:
            self.submissions[user]["submission_comments"].append({"comment": comment})

    def list_scores(self) -> dict[str, float]:
        """Who has which."""
        return {user: found["score"] for user, found in self.submissions.items() if found["score"] is not None}

    def list_comments(self, user: str) -> list[str]:
        """What a student was told."""
        return [comment["comment"] for comment in self.submissions[user]["submission_comments"]]


@pytest.fixture
def canvas() -> Iterator[FakeCanvas]:
    """A Canvas that is well."""
    platform = FakeCanvas()
    with platform.listen():
        yield platform


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of four: one of them the grader failed on, one without an id in Canvas."""
    (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8")
    return write_run(tmp_path / "run")


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it would have waited, each time."""
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


@pytest.fixture
def push(monkeypatch: pytest.MonkeyPatch, canvas: FakeCanvas, run: Path) -> Callable[..., int]:
    """`grader push canvas RUN ...`."""
    monkeypatch.setenv("GRADER_CANVAS_TOKEN", TOKEN)

    def call(*more: object, url: str = "", roster: Path | None = None) -> int:
        where = ["--url", url or canvas.url, "--course-id", 5, "--assignment-id", 9]
        return run_push(monkeypatch, "canvas", run, *where, "--roster", roster or run.parent / "roster.csv", *more)

    return call


def test_scores_and_feedback_arrive(push: Callable[..., int], canvas: FakeCanvas) -> None:
    """In one bulk update, whose job is waited for."""
    assert push() == 0
    assert canvas.list_scores() == {"1234": 70.0, "77": 100.0}
    assert len(canvas.list_writes()) == 1
    assert canvas.list_comments("1234")[0].startswith("Attention: Luong, and others: 70 / 100\n")
    assert "got (3, 2) (transpose: h_t)" in canvas.list_comments("1234")[0]
    assert [request.path for request in canvas.requests].count("/api/v1/progress/1") == 2


def test_whoever_is_left_out_is_named(push: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    """Without an id there, or without a score because the grader failed; and the rest is counted."""
    push()
    told = capsys.readouterr()
    assert told.err.splitlines() == [
        "grader: 'S004' has no score yet: the grader itself failed; grade that submission again",
        "grader: 'S003' is left out: no id of Canvas; fill the roster's column `canvas` and pass it with --roster",
    ]
    assert told.out.splitlines()[:2] == ["sent S001: 70 / 100", "sent S002: 100 / 100"]
    assert told.out.splitlines()[2].startswith("sent 2 scores to http://127.0.0.1:")


def test_a_grader_fault_is_never_sent(push: Callable[..., int], canvas: FakeCanvas, run: Path) -> None:
    """Not even in place of a score that is there."""
    push()
    replace_report(run, 0, make_faulty_report("S001"))
    assert push() == 0
    assert canvas.list_scores()["1234"] == 70.0
    assert len(canvas.list_writes()) == 1


def test_nothing_hidden_is_sent_or_logged(
    push: Callable[..., int], canvas: FakeCanvas, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Feedback is redacted, in the requests, in the log and on the terminal; `released` shows `after_due` only."""
    push("--dry-run")
    push()
    told = capsys.readouterr()
    sent = "".join(request.body for request in canvas.requests)
    assert "transpose" in sent
    assert SECRET not in sent + told.out + told.err + (run / "push.jsonl").read_text()
    push("--released")
    text = "".join(canvas.list_comments("1234"))
    assert f"{SECRET} message after_due" in text
    assert f"{SECRET} message hidden" not in text


def test_a_second_push_sends_nothing(
    push: Callable[..., int], canvas: FakeCanvas, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log says that all is there; Canvas is not even asked."""
    push()
    canvas.requests.clear()
    capsys.readouterr()
    assert push() == 0
    assert canvas.requests == []
    assert "; 2 were already there" in capsys.readouterr().out


def test_a_changed_score_is_sent_alone(push: Callable[..., int], canvas: FakeCanvas, run: Path) -> None:
    """And nobody else's with it."""
    push()
    replace_report(run, 0, make_perfect_report("S001"))
    canvas.requests.clear()
    assert push() == 0
    assert [sorted(request.form) for request in canvas.list_writes()] == [
        ["grade_data[1234][posted_grade]", "grade_data[1234][text_comment]"]
    ]
    assert canvas.list_scores() == {"1234": 100.0, "77": 100.0}
    assert len(canvas.list_comments("77")) == 1


def test_what_canvas_has_is_not_sent_again(push: Callable[..., int], canvas: FakeCanvas, run: Path) -> None:
    """Without a log, what is there is seen there; and then it is in the log."""
    push()
    (run / "push.jsonl").unlink()
    canvas.requests.clear()
    assert push() == 0
    assert canvas.list_writes() == []
    assert [line["outcome"] for line in read_lines(run)] == ["there already"] * 2


def test_a_grade_that_was_changed_there_stays(push: Callable[..., int], canvas: FakeCanvas) -> None:
    """By a second push; `--again` sets what the run says."""
    push()
    canvas.submissions["1234"] |= {"score": 75.0, "entered_score": 75.0}
    push()
    assert canvas.list_scores()["1234"] == 75.0
    push("--again")
    assert canvas.list_scores()["1234"] == 70.0


def test_a_late_penalty_of_canvas_is_no_change(push: Callable[..., int], canvas: FakeCanvas, run: Path) -> None:
    """What counts is what was entered, not what Canvas makes of it."""
    push("--no-feedback")
    (run / "push.jsonl").unlink()
    canvas.submissions["1234"]["score"] = 60.0
    push("--no-feedback")
    assert len(canvas.list_writes()) == 1


def test_a_dry_run_sends_nothing(
    push: Callable[..., int], canvas: FakeCanvas, run: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """It needs no token, asks nothing, logs nothing, and prints every score and comment."""
    monkeypatch.delenv("GRADER_CANVAS_TOKEN")
    assert push("--dry-run") == 0
    assert canvas.requests == []
    assert not (run / "push.jsonl").exists()
    told = capsys.readouterr()
    place = f"at {canvas.url}{ASSIGNMENT}"
    assert f"would send S001: 70 / 100 to '1234' {place}\n    Attention: Luong, and others: 70 / 100\n" in told.out
    assert f"would send S002: 100 / 100 to '77' {place}\n" in told.out
    assert "'S003' is left out" in told.err


def test_a_dry_run_knows_what_was_sent(push: Callable[..., int], capsys: pytest.CaptureFixture[str], run: Path) -> None:
    """Only what a push would send is printed."""
    push("--no-feedback")
    replace_report(run, 1, make_report("S002"))
    capsys.readouterr()
    push("--dry-run", "--no-feedback")
    assert [line.split(" to ")[0] for line in capsys.readouterr().out.splitlines()] == ["would send S002: 70 / 100"]


def test_the_log_says_what_went_where(push: Callable[..., int], canvas: FakeCanvas, run: Path) -> None:
    """Who, how much, when, to which address, and the answer; never the token."""
    push()
    first = read_lines(run)[0]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT[\d:.]+\+00:00", first.pop("at"))
    assert re.fullmatch(r"[0-9a-f]{64}", first.pop("digest"))
    assert first == {
        "system": "canvas", "to": f"{canvas.url}{ASSIGNMENT}", "student": "S001", "key": "1234", "score": 70.0,
        "max_score": 100.0, "outcome": "sent", "status": 200, "reason": "",
    }  # fmt: skip
    assert TOKEN not in (run / "push.jsonl").read_text()


def test_a_line_that_was_cut_off_costs_itself_only(push: Callable[..., int], canvas: FakeCanvas, run: Path) -> None:
    """A process was killed while it wrote: that student is looked up in Canvas again, and the next line is whole."""
    push()
    log = run / "push.jsonl"
    log.write_bytes(log.read_bytes()[:-20])
    assert push() == 0
    assert len(canvas.list_writes()) == 1
    assert log.read_text().splitlines()[-1].startswith('{"at"')
    canvas.requests.clear()
    push()
    assert canvas.requests == []


@pytest.mark.parametrize(
    ("status", "method", "path"),
    [
        (429, "POST", BULK),
        (500, "POST", BULK),
        (503, "POST", BULK),
        (DROP, "POST", BULK),
        (429, "GET", "/9$"),
        (DROP, "GET", "submissions$"),
        (502, "GET", "/1$"),
    ],
)
def test_what_passes_is_waited_for(
    push: Callable[..., int], canvas: FakeCanvas, status: int, method: str, path: str, waits: list[float]
) -> None:
    """Whatever request it befalls: with longer and longer waits, and each score and comment once."""
    canvas.fail(method, path, status, times=3)
    assert push() == 0
    assert canvas.list_scores() == {"1234": 70.0, "77": 100.0}
    assert len(canvas.list_comments("1234")) == 1
    backoff = [wait for wait in waits if wait != 2.0]  # 2.0: between two looks at the job
    assert len(backoff) == 2  # the first time at once
    assert 2.0 < backoff[0] <= 3.0 < 4.0 < backoff[1] <= 5.0


def test_a_platform_may_say_how_long_to_wait(push: Callable[..., int], canvas: FakeCanvas, waits: list[float]) -> None:
    """Retry-After is obeyed, and a nonsensical one is no error."""
    canvas.fail("POST", BULK, 429, times=1, headers={"Retry-After": "17"})
    canvas.fail("POST", BULK, 429, times=1, headers={"Retry-After": "soon"})
    assert push() == 0
    assert 17 in waits
    assert canvas.list_scores() == {"1234": 70.0, "77": 100.0}


def test_an_old_canvas_says_403_to_whoever_is_too_fast(push: Callable[..., int], canvas: FakeCanvas) -> None:
    """That is no refusal."""
    canvas.fail("POST", BULK, 403, times=1, body="403 Forbidden (Rate Limit Exceeded)")
    assert push() == 0
    assert canvas.list_scores() == {"1234": 70.0, "77": 100.0}


def test_a_lost_answer_adds_no_second_comment(push: Callable[..., int], canvas: FakeCanvas) -> None:
    """What was carried out although the connection broke is seen, and not asked for again."""
    canvas.fail("POST", BULK, DROP_AFTERWARDS, times=1)
    assert push() == 0
    assert len(canvas.list_writes()) == 1
    assert len(canvas.list_comments("1234")) == 1


def test_a_lost_answer_to_one_adds_no_second_comment(push: Callable[..., int], canvas: FakeCanvas) -> None:
    """The same for a student who is sent alone."""
    canvas.fail("POST", BULK, 422)
    canvas.fail("PUT", "/1234$", DROP_AFTERWARDS, times=1)
    assert push() == 0
    assert [request.path[-4:] for request in canvas.list_writes() if request.method == "PUT"] == ["1234", "s/77"]
    assert len(canvas.list_comments("1234")) == 1


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (429, r"answered 429, 6 times over: it takes no more for now; wait some minutes, then run the same command"),
        (500, r"answered 500, 6 times over: the trouble is its own; when it is well, run the same command again"),
        (503, r"answered 503, 6 times over: the trouble is its own"),
        (DROP, r"dropped the connection, 6 times over: check the address and the network, then run the same command"),
    ],
)
def test_a_platform_that_fails(
    push: Callable[..., int], canvas: FakeCanvas, status: int, told: str, capsys: pytest.CaptureFixture[str], run: Path
) -> None:
    """One sentence, exit code 1, a line in the log; and the same command goes on when it is well again."""
    canvas.fail("POST", BULK, status)
    assert push() == 1
    error = capsys.readouterr().err
    assert re.match(rf"grader: Canvas at 127\.0\.0\.1:\d+ {told}", error)
    assert error.endswith("(0 sent, 2 left)\n")
    assert error.count("\n") == 1
    assert read_lines(run)[-1]["outcome"] == "stopped"
    canvas.faults.clear()
    assert push() == 0
    assert canvas.list_scores() == {"1234": 70.0, "77": 100.0}


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (401, "401 (no, no): the token is not valid there, or no longer; make one in Canvas (Account, Settings) for "),
        (403, "403 (no, no): the token's owner may not grade that course; use a token of one of its teachers"),
        (404, "404 (no, no): no such course or assignment is there; check --url, --course-id and --assignment-id"),
        (422, "422 (no, no): the assignment takes no such grades; check in Canvas that it is published"),
    ],
)
def test_a_refusal_of_the_whole(
    push: Callable[..., int], canvas: FakeCanvas, capsys: pytest.CaptureFixture[str], status: int, told: str
) -> None:
    """One sentence and exit code 2."""
    canvas.fail("GET", "/9$", status, body={"errors": [{"message": "no, no"}]})
    assert push() == 2
    error = capsys.readouterr().err
    assert re.match(r"grader: Canvas at 127\.0\.0\.1:\d+ answered " + re.escape(told), error)
    assert error.count("\n") == 1
    assert canvas.list_writes() == []


@pytest.mark.parametrize(("method", "path"), [("GET", "submissions$"), ("POST", BULK)], ids=["read", "send"])
def test_a_refusal_on_the_way(push: Callable[..., int], canvas: FakeCanvas, method: str, path: str) -> None:
    """The same, whichever request it befalls."""
    canvas.fail(method, path, 403)
    assert push() == 2
    assert canvas.list_scores() == {}


def test_feedback_is_not_lost_with_a_bulk_update(push: Callable[..., int], canvas: FakeCanvas) -> None:
    """Where the update is refused and the points were there before, the comment is sent all the same."""
    canvas.give("1234", "70", None)
    canvas.fail("POST", BULK, 422)
    assert push() == 0
    assert [len(canvas.list_comments(user)) for user in ("1234", "77")] == [1, 1]


@pytest.mark.parametrize("status", [404, 422])
def test_a_bulk_update_that_is_refused_is_tried_one_by_one(
    push: Callable[..., int], canvas: FakeCanvas, status: int
) -> None:
    """What may be one student's trouble costs nobody else the score."""
    canvas.fail("POST", BULK, status)
    assert push() == 0
    assert canvas.list_scores() == {"1234": 70.0, "77": 100.0}


def test_a_wrong_token_is_a_mistake_of_the_users(
    push: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Canvas's own answer to it, which comes with a header of its own."""
    monkeypatch.setenv("GRADER_CANVAS_TOKEN", "wrong-one")
    assert push() == 2
    error = capsys.readouterr().err
    assert "answered 401 (Invalid access token.): the token is not valid there" in error
    assert "wrong-one" not in error


def test_one_unknown_student_stops_nobody(
    push: Callable[..., int], canvas: FakeCanvas, capsys: pytest.CaptureFixture[str], run: Path
) -> None:
    """The job fails because of one: the others' scores are in, the one is named (exit code 1) and alone tried anew."""
    del canvas.submissions["1234"]
    assert push() == 1
    assert canvas.list_scores() == {"77": 100.0}
    assert len(canvas.list_comments("77")) == 1
    assert (
        "Canvas would not take the score of 'S001', there '1234': 404 (The specified resource does not exist.); "
        "check the id in the roster, and that they are in the course\n" in capsys.readouterr().err
    )
    assert {line["student"]: (line["outcome"], line["status"]) for line in read_lines(run)} == {
        "S001": ("refused", 404), "S002": ("sent", 200),
    }  # fmt: skip
    canvas.submissions["1234"] = canvas.make_submission("1234")
    canvas.requests.clear()
    assert push() == 0
    assert [list(request.form) for request in canvas.list_writes()] == [
        ["grade_data[1234][posted_grade]", "grade_data[1234][text_comment]"]
    ]


@pytest.mark.parametrize("status", [404, 422])
def test_one_refused_student_stops_nobody(push: Callable[..., int], canvas: FakeCanvas, status: int) -> None:
    """Whatever the reason is that Canvas gives."""
    canvas.fail("POST", BULK, 422)
    canvas.fail("PUT", "/1234$", status)
    assert push() == 1
    assert canvas.list_scores() == {"77": 100.0}


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_ends_on_the_way_stops_all(push: Callable[..., int], canvas: FakeCanvas, status: int) -> None:
    """Nobody else would be taken either."""
    canvas.fail("POST", BULK, 422)
    canvas.fail("PUT", "/1234$", status)
    assert push() == 2
    assert canvas.list_scores() == {}


def test_a_job_that_never_ends(
    push: Callable[..., int], canvas: FakeCanvas, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The platform failed: exit code 1."""
    monkeypatch.setattr("grader.push.canvas.JOB_SECONDS", -1)
    assert push() == 1
    assert "is still not done with what it took" in capsys.readouterr().err


def test_no_secret_is_repeated(
    push: Callable[..., int], canvas: FakeCanvas, capsys: pytest.CaptureFixture[str], run: Path
) -> None:
    """Not even where the platform repeats it, in whatever it answers."""
    canvas.fail("POST", BULK, 422)
    canvas.fail("PUT", "/1234$", 422, body={"message": f"not with Bearer {TOKEN}, {'x' * 50}"})
    canvas.fail("PUT", "/77$", 503, body={"message": f"busy with {TOKEN}"})
    assert push() == 1
    told = capsys.readouterr()
    log = (run / "push.jsonl").read_text()
    assert "not with Bearer ..., ..." in log
    assert "answered 503 (busy with ...)" in told.err
    assert TOKEN not in told.out + told.err + log


def test_the_token_may_lie_in_a_file(
    push: Callable[..., int], canvas: FakeCanvas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the line end that an editor leaves."""
    monkeypatch.delenv("GRADER_CANVAS_TOKEN")
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    assert push("--token-file", tmp_path / "token") == 0
    assert canvas.list_scores() == {"1234": 70.0, "77": 100.0}


@pytest.mark.parametrize("option", ["--token", "--key"])
def test_no_option_takes_a_secret(push: Callable[..., int], canvas: FakeCanvas, option: str) -> None:
    """An argument's value is there for every user of the machine to read."""
    assert push(option, TOKEN) == 2
    assert canvas.requests == []


@pytest.mark.parametrize(
    ("token", "told"),
    [
        ("", "no token of Canvas: the environment variable GRADER_CANVAS_TOKEN is not set; put it there, never on the"),
        ("two\nlines", "what GRADER_CANVAS_TOKEN or the file holds is no token: copy it anew, in one line"),
        ("geheim-ß", "what GRADER_CANVAS_TOKEN or the file holds is no token"),
    ],
)
def test_what_is_no_token_is_told_without_showing_it(
    push: Callable[..., int], canvas: FakeCanvas, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    token: str, told: str,
) -> None:  # fmt: skip
    """Before anything is sent."""
    monkeypatch.setenv("GRADER_CANVAS_TOKEN", token)
    assert push() == 2
    error = capsys.readouterr().err
    assert error.startswith(f"grader: {told}")
    assert not token or token not in error
    assert canvas.requests == []


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (
            "http://canvas.example",
            "'http://canvas.example' is not encrypted, and a token would be there for all to read",
        ),
        ("canvas.example", "'canvas.example' is no web address"),
        ("https://[canvas", "no web address was passed (Invalid IPv6 URL): pass one"),
        ("https://me:pass@canvas.example", "the address of canvas.example holds a user or a password"),
    ],
)
def test_a_token_goes_to_no_such_address(
    push: Callable[..., int], capsys: pytest.CaptureFixture[str], url: str, told: str
) -> None:
    """A mistake of the user's, seen before anything is sent."""
    assert push(url=url) == 2
    assert capsys.readouterr().err.startswith(f"grader: {told}")


def test_nobody_listens(push: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    """Port 1 of this machine."""
    assert push(url="http://127.0.0.1:1") == 1
    assert "Canvas at 127.0.0.1:1 dropped the connection" in capsys.readouterr().err


def test_a_page_is_no_canvas(push: Callable[..., int], canvas: FakeCanvas, capsys: pytest.CaptureFixture[str]) -> None:
    """An address that shows people a page to sign in."""
    canvas.fail("GET", "", 200, body="<html>Sign in</html>")
    assert push() == 2
    assert re.search(r"Canvas at \S+ answers, but not as documented .* check the address", capsys.readouterr().err)


def test_a_redirect_is_not_followed(
    push: Callable[..., int], canvas: FakeCanvas, capsys: pytest.CaptureFixture[str]
) -> None:
    """A POST would become a GET on the way, and look like success."""
    canvas.fail("GET", "", 302, headers={"Location": f"{canvas.url}/elsewhere"})
    assert push() == 2
    assert "answered 302 (it redirects elsewhere): that is not what was expected" in capsys.readouterr().err
    assert len(canvas.requests) == 1


def test_scores_take_the_scale_of_canvas(
    push: Callable[..., int], canvas: FakeCanvas, capsys: pytest.CaptureFixture[str], run: Path
) -> None:
    """70 of 100 are 7 of 10; it is told, and what is there is known for the same."""
    canvas.points = 10.0
    assert push() == 0
    assert canvas.list_scores() == {"1234": 7.0, "77": 10.0}
    assert "10 points in Canvas and 100 here: every score is sent as its share" in capsys.readouterr().err
    (run / "push.jsonl").unlink()
    push()
    assert len(canvas.list_writes()) == 1


def test_an_assignment_without_points_takes_none(push: Callable[..., int], canvas: FakeCanvas) -> None:
    """There is no scale."""
    canvas.points = 0.0
    assert push() == 2
    assert canvas.list_writes() == []


def test_an_excused_student_is_left_alone(
    push: Callable[..., int], canvas: FakeCanvas, capsys: pytest.CaptureFixture[str]
) -> None:
    """A grade would take the excuse away."""
    canvas.submissions["77"]["excused"] = True
    assert push() == 0
    assert canvas.list_scores() == {"1234": 70.0}
    assert "'S002' is excused in Canvas: left alone" in capsys.readouterr().err


def test_a_large_class_goes_out_in_parts(
    push: Callable[..., int], canvas: FakeCanvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is lost between two of them."""
    monkeypatch.setattr("grader.push.canvas.BULK", 1)
    assert push() == 0
    assert [len(request.form) for request in canvas.list_writes()] == [2, 2]
    assert canvas.list_scores() == {"1234": 70.0, "77": 100.0}


def test_two_students_of_one_id_are_refused(
    push: Callable[..., int], canvas: FakeCanvas, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One would get the other's score."""
    roster = run.parent / "double.csv"
    roster.write_text("id,name,canvas\nS001,Jane,77\nS002,Hong,77\n")
    assert push(roster=roster) == 2
    assert "'S001' and 'S002' have the same id in the roster's column `canvas`, '77'" in capsys.readouterr().err
    assert canvas.requests == []


def test_only_one_push_at_a_time(
    push: Callable[..., int], canvas: FakeCanvas, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two would send everything twice."""
    with (run / "push.jsonl").open("a") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        assert push() == 2
    assert "another push from" in capsys.readouterr().err
    assert canvas.requests == []


def test_a_mistyped_run_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No folder, no log; the message says what was expected."""
    monkeypatch.setenv("GRADER_CANVAS_TOKEN", TOKEN)
    where = ["--url", "https://canvas.example", "--course-id", 5, "--assignment-id", 9]
    assert run_push(monkeypatch, "canvas", tmp_path / "rum", *where) == 2
    assert "pass the folder that `grader batch -o` wrote" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_sample_holds_what_is_tested() -> None:
    """A fault, a full score and a part of one."""
    assert [(report.submission.student, report.status, report.score) for report in CLASS] == [
        ("S001", "graded", 70.0), ("S002", "graded", 100.0), ("S003", "graded", 70.0), ("S004", "grader_fault", 0.0),
    ]  # fmt: skip
