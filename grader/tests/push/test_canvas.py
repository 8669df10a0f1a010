"""Peculiarities of `grader push canvas`: bulk updates, jobs, scales and tokens."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.tests.support.export_samples import SECRET
from grader.tests.support.fake_canvas import TOKEN, FakeCanvas
from grader.tests.support.push_server import DROP_AFTERWARDS, read_lines

Push = Callable[..., int]
Capture = pytest.CaptureFixture[str]
BULK = "update_grades$"
BOTH = {"S001": 70.0, "S002": 100.0}


@pytest.fixture
def kind() -> str:
    """Only Canvas."""
    return "canvas"


@pytest.fixture
def canvas(platform: FakeCanvas) -> FakeCanvas:
    """The platform under its own name."""
    return platform


def test_class_goes_out_in_one_bulk_update(push: Push, canvas: FakeCanvas) -> None:
    """Its job is waited for."""
    assert push() == 0
    assert len(canvas.list_writes()) == 1
    assert [request.path for request in canvas.requests].count("/api/v1/progress/1") == 2


def test_released_shows_after_due_tests_only(push: Push, canvas: FakeCanvas) -> None:
    """Hidden ones stay hidden in the new comment."""
    push()
    push("--released")
    text = "".join(canvas.read_comments("S001"))
    assert f"{SECRET} message after_due" in text
    assert f"{SECRET} message hidden" not in text


def test_large_class_goes_out_in_parts(push: Push, canvas: FakeCanvas, monkeypatch: pytest.MonkeyPatch) -> None:
    """No student is lost between two of them."""
    monkeypatch.setattr("grader.push.canvas.BULK", 1)
    assert push() == 0
    assert [len(request.form) for request in canvas.list_writes()] == [2, 2]
    assert canvas.read_scores() == BOTH


def test_grade_changed_in_canvas_stays(push: Push, canvas: FakeCanvas) -> None:
    """Until `--again` sets what the run says."""
    push()
    canvas.submissions["1234"] |= {"score": 75.0, "entered_score": 75.0}
    push()
    assert canvas.read_scores()["S001"] == 75.0
    push("--again")
    assert canvas.read_scores()["S001"] == 70.0


def test_late_penalty_of_canvas_is_no_change(push: Push, canvas: FakeCanvas, run: Path) -> None:
    """The entered score counts, not what Canvas makes of it."""
    push("--no-feedback")
    (run / "push.jsonl").unlink()
    canvas.submissions["1234"]["score"] = 60.0
    push("--no-feedback")
    assert len(canvas.list_writes()) == 1


@pytest.mark.parametrize(("method", "path"), [("GET", "/9$"), ("GET", "progress/1$")])
def test_passing_failure_of_other_requests_is_retried(push: Push, canvas: FakeCanvas, method: str, path: str) -> None:
    """Of the assignment and of the job."""
    canvas.fail(method, path, 502, times=3)
    assert push() == 0
    assert canvas.read_scores() == BOTH


def test_rate_limit_of_old_canvas_is_retried(push: Push, canvas: FakeCanvas) -> None:
    """Its status is 403, but it is not a refusal."""
    canvas.fail("POST", BULK, 403, times=1, body="403 Forbidden (Rate Limit Exceeded)")
    assert push() == 0
    assert canvas.read_scores() == BOTH


def test_lost_reply_adds_no_second_comment(push: Push, canvas: FakeCanvas) -> None:
    """An update that was carried out although the connection broke is not asked for again."""
    canvas.fail("POST", BULK, DROP_AFTERWARDS, times=1)
    assert push() == 0
    assert len(canvas.list_writes()) == 1
    assert len(canvas.read_comments("S001")) == 1


def test_lost_reply_to_one_student_adds_no_second_comment(push: Push, canvas: FakeCanvas) -> None:
    """The same for a student who is sent alone."""
    canvas.fail("POST", BULK, 422)
    canvas.fail("PUT", "/1234$", DROP_AFTERWARDS, times=1)
    assert push() == 0
    assert [request.path[-4:] for request in canvas.list_writes() if request.method == "PUT"] == ["1234", "s/77"]
    assert len(canvas.read_comments("S001")) == 1


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (401, "401 (no, no): the token is not valid there, or no longer; make one in Canvas (Account, Settings) for "),
        (403, "403 (no, no): the token's owner may not grade that course; use a token of one of its teachers"),
        (404, "404 (no, no): no such course or assignment is there; check --url, --course-id and --assignment-id"),
        (422, "422 (no, no): the assignment takes no such grades; check in Canvas that it is published"),
        (418, "418 (no, no): that was not expected: check the address"),
    ],
)
def test_refusal_is_explained(push: Push, canvas: FakeCanvas, capsys: Capture, status: int, text: str) -> None:
    """One sentence and exit code 2."""
    canvas.fail("GET", "/9$", status, body={"errors": [{"message": "no, no"}]})
    assert push() == 2
    error = capsys.readouterr().err
    assert re.match(r"grader: Canvas at 127\.0\.0\.1:\d+ answered " + re.escape(text), error)
    assert error.count("\n") == 1
    assert canvas.list_writes() == []


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("path", [BULK, "/1234$"], ids=["bulk", "alone"])
def test_refused_token_stops_all(push: Push, canvas: FakeCanvas, status: int, path: str) -> None:
    """The other students would be refused too."""
    canvas.fail("PUT", path, status)
    canvas.fail("POST", BULK, status if path == BULK else 422)
    assert push() == 2
    assert canvas.read_scores() == {}


def test_feedback_survives_a_refused_bulk_update(push: Push, canvas: FakeCanvas) -> None:
    """If the points were there before, the comment is sent all the same."""
    canvas.give("1234", "70", None)
    canvas.fail("POST", BULK, 422)
    assert push() == 0
    assert [len(canvas.read_comments(student)) for student in ("S001", "S002")] == [1, 1]


@pytest.mark.parametrize("status", [404, 422])
def test_refused_bulk_update_is_sent_one_by_one(push: Push, canvas: FakeCanvas, status: int) -> None:
    """A problem of one student costs no one else the score."""
    canvas.fail("POST", BULK, status)
    assert push() == 0
    assert canvas.read_scores() == BOTH


@pytest.mark.parametrize("status", [404, 422])
def test_refused_student_stops_no_other(push: Push, canvas: FakeCanvas, status: int) -> None:
    """Canvas may give any reason."""
    canvas.fail("POST", BULK, 422)
    canvas.fail("PUT", "/1234$", status)
    assert push() == 1
    assert canvas.read_scores() == {"S002": 100.0}


def test_unknown_student_stops_no_other(push: Push, canvas: FakeCanvas, capsys: Capture, run: Path) -> None:
    """The job fails because of one: the others' scores are there, the one is named, and alone sent again later."""
    del canvas.submissions["1234"]
    assert push() == 1
    assert canvas.read_scores() == {"S002": 100.0}
    assert len(canvas.read_comments("S002")) == 1
    assert (
        "Canvas refused the score of 'S001' (id there: '1234'): 404 (The specified resource does not exist.); check "
        "the id in the roster, and that the student is in the course\n" in capsys.readouterr().err
    )
    assert {line["student"]: (line["outcome"], line["status"]) for line in read_lines(run)} == {
        "S001": ("refused", 404), "S002": ("sent", 200),
    }  # fmt: skip
    canvas.submissions["1234"] = canvas.make_submission("1234")
    canvas.requests.clear()
    assert push() == 0
    assert canvas.list_changed() == ["1234"]


def test_wrong_token_is_explained(push: Push, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Canvas's own reply has a header of its own."""
    monkeypatch.setenv("GRADER_CANVAS_TOKEN", "wrong-one")
    assert push() == 2
    error = capsys.readouterr().err
    assert "answered 401 (Invalid access token.): the token is not valid there" in error
    assert "wrong-one" not in error


def test_endless_job_ends_the_push(
    push: Push, canvas: FakeCanvas, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """The platform failed: exit code 1."""
    monkeypatch.setattr("grader.push.canvas.JOB_SECONDS", -1)
    assert push() == 1
    assert "has not finished a bulk update after -1 s" in capsys.readouterr().err


def test_token_is_removed_from_refusals(push: Push, canvas: FakeCanvas, capsys: Capture, run: Path) -> None:
    """Of one student, in the log too."""
    canvas.fail("POST", BULK, 422)
    canvas.fail("PUT", "/1234$", 422, body={"message": f"not with Bearer {TOKEN}, {'x' * 50}"})
    canvas.fail("PUT", "/77$", 503, body={"message": f"busy with {TOKEN}"})
    assert push() == 1
    printed = capsys.readouterr()
    log = (run / "push.jsonl").read_text()
    assert "not with Bearer ..., ..." in log
    assert "answered 503 (busy with ...)" in printed.err
    assert TOKEN not in printed.out + printed.err + log


def test_token_may_be_in_a_file(
    push: Push, canvas: FakeCanvas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the line end that an editor leaves."""
    monkeypatch.delenv("GRADER_CANVAS_TOKEN")
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    assert push("--token-file", tmp_path / "token") == 0
    assert canvas.read_scores() == BOTH


@pytest.mark.parametrize(
    ("token", "text"),
    [
        ("", "no token of Canvas: the environment variable GRADER_CANVAS_TOKEN is not set; put it there, never on the"),
        ("two\nlines", "GRADER_CANVAS_TOKEN or the file does not hold a token: copy it again, as one line"),
        ("geheim-ß", "GRADER_CANVAS_TOKEN or the file does not hold a token"),
    ],
)
def test_impossible_token_is_not_shown(
    push: Push, canvas: FakeCanvas, monkeypatch: pytest.MonkeyPatch, capsys: Capture, token: str, text: str
) -> None:
    """Nothing is sent."""
    monkeypatch.setenv("GRADER_CANVAS_TOKEN", token)
    assert push() == 2
    error = capsys.readouterr().err
    assert error.startswith(f"grader: {text}")
    assert not token or token not in error
    assert canvas.requests == []


def test_scores_take_the_scale_of_canvas(push: Push, canvas: FakeCanvas, capsys: Capture, run: Path) -> None:
    """70 of 100 are 7 of 10; the scale is named, and the score is recognised later."""
    canvas.points = 10.0
    assert push() == 0
    assert canvas.read_scores() == {"S001": 7.0, "S002": 10.0}
    assert "10 points in Canvas and 100 here: every score is sent as its share" in capsys.readouterr().err
    (run / "push.jsonl").unlink()
    push()
    assert len(canvas.list_writes()) == 1


def test_assignment_without_points_is_refused(push: Push, canvas: FakeCanvas) -> None:
    """There is no scale."""
    canvas.points = 0.0
    assert push() == 2
    assert canvas.list_writes() == []


def test_excused_student_is_not_changed(push: Push, canvas: FakeCanvas, capsys: Capture) -> None:
    """A grade would take the excuse away."""
    canvas.submissions["77"]["excused"] = True
    assert push() == 0
    assert canvas.read_scores() == {"S001": 70.0}
    assert "'S002' is excused in Canvas: not changed" in capsys.readouterr().err
