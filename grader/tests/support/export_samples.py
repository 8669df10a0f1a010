"""Shared by tests of redaction and of the exports: a small class with every kind of test in it, and a CSV reader."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grader.grading.scoring import counts, judge_todo
from grader.intake.roster import Roster, Student
from grader.model.report import (
    CheckResult,
    Environment,
    GradedAssignment,
    GradedFile,
    GradedSubmission,
    GradeReport,
    TodoResult,
    Wording,
)
from grader.model.verdict import Verdict
from grader.reporting.published import ExportOptions, PublishedClass, open_published_class

# In everything that a student must not read, and nowhere else.
SECRET = "PLANTED"
FORMULA = '=HYPERLINK("http://evil.example","x")'
TITLE = "Attention: Luong, and others"
ROSTER = Roster(
    (
        Student(
            "S001", "Doe, Jane", "jane@uni.example", section="Sec 1",
            keys={"login": "jdoe", "canvas": "1234", "moodle": "501", "lti": "sub-jane"},
        ),
        Student("S002", "홍길동", "gildong@uni.example", keys={"login": "gildong", "canvas": "77", "lti": "sub-hong"}),
        Student("S003", FORMULA, "kim@uni.example", keys={"login": "+kim", "lti": "sub-kim"}),
        Student("S004", "Ann Other"),
        Student("S005", "Sam More"),
    )
)  # fmt: skip


def make_test(todo: str, status: str = "passed", *, points: float = 10.0, **changes: Any) -> CheckResult:
    """One test's result; a visible one, unless `changes` say otherwise."""
    given = {"id": f"test_parity.py::test_{todo}[{status}]", "name": f"{todo}: agrees with the reference"}
    given |= {"category": "parity", "visibility": "visible", "cpu_seconds": 0.25, "message": ""}
    score = points if status == "passed" else 0.0
    return CheckResult(**{**given, "todo": todo, "status": status, "score": score, "max_score": points, **changes})


def make_secret_test(todo: str, visibility: str, status: str = "failed", *, points: float = 10.0) -> CheckResult:
    """A test with the secret in every text that is its own."""
    # Whatever texts a result will ever have: each is planted, but for those that take one of a few words.
    texts = {name for name, field in CheckResult.model_fields.items() if field.annotation is str} - {"todo"}
    planted = {name: f"{SECRET} {name} {visibility} {status} 0.7315" for name in texts}
    told = {"ko": Wording(**dict.fromkeys(Wording.model_fields, f"{SECRET} {visibility} ko"))}
    return make_test(todo, status, points=points, visibility=visibility, translations=told, **planted)


MIXED = (
    make_test("luong.scores", points=40.0),
    make_test("luong.scores", "failed", message="scores: expected shape (2, 3), got (3, 2)", hint="transpose: h_t"),
    make_secret_test("luong.scores", "hidden"),
    make_secret_test("luong.weights", "after_due", "raised"),
    make_secret_test("luong.weights", "hidden", "passed", points=30.0),
)


def make_report(student: str = "S001", tests: Sequence[CheckResult] = MIXED, **changes: Any) -> GradeReport:
    """A report whose points add up."""
    todos = [make_todo(todo, [t for t in tests if t.todo == todo]) for todo in dict.fromkeys(t.todo for t in tests)]
    given: dict[str, Any] = {
        "assignment": GradedAssignment(name="a4_attention", title=TITLE, suite_digest="5" * 64),
        "submission": GradedSubmission(
            id="9" * 64,
            student=student,
            files=(GradedFile(path="attention.py", sha256="1" * 64),),
            submitted_at="2025-10-10T10:22:05+09:00",
            notes=(f"line 3: {FORMULA} <script>alert(1)</script> was left out",),
        ),
        "status": "graded",
        "score": sum(todo.score for todo in todos),
        "max_score": sum(todo.max_score for todo in todos),
        "todos": tuple(todos),
        "tests": tuple(tests),
        "environment": Environment(python="3.11.7", torch="2.13.0", device="cpu", isolation="bwrap"),
        "seed_commitment": "c" * 64,
    }
    return GradeReport(**given | changes)


def make_todo(todo: str, tests: Sequence[CheckResult]) -> TodoResult:
    """A TODO of these tests."""
    return TodoResult(
        id=todo,
        title=f"The {todo}",
        score=sum(test.score for test in tests),
        max_score=sum(test.max_score for test in tests),
        status=judge_todo([test.status for test in tests if counts(test)]),
    )


def make_faulty_report(student: str) -> GradeReport:
    """Return the report of a failure of the grader itself, as the staff sees it."""
    test = make_test("luong.scores", "grader_fault", message=f"{SECRET} test_x: KeyError", hint=SECRET)
    return make_report(student, [test], status="grader_fault", fault=f"{SECRET} the zygote died")


def make_perfect_report(student: str) -> GradeReport:
    """Every test passed."""
    tests = [test.model_copy(update={"status": Verdict.PASSED, "score": test.max_score}) for test in MIXED]
    return make_report(student, tests)


CLASS = (make_report("S001"), make_perfect_report("S002"), make_report("S003"), make_faulty_report("S004"))


def open_class(*reports: GradeReport, roster: Roster = ROSTER, **options: Any) -> PublishedClass:
    """The gradebook that a format is given."""
    return open_published_class(reports or CLASS, ExportOptions(roster=roster, **options))


def write_run(folder: Path, reports: Sequence[GradeReport] = CLASS) -> Path:
    """A run's folder with these reports."""
    (folder / "reports").mkdir(parents=True)
    for number, report in enumerate(reports):
        (folder / "reports" / f"{number}.json").write_text(report.model_dump_json(indent=2), encoding="utf-8")
    return folder


def read_csv(data: bytes) -> list[list[str]]:
    """RFC 4180, read by hand: an independent word on what was written. Ragged rows and stray quotes are errors."""
    text = data.decode("utf-8")
    rows: list[list[str]] = []
    row: list[str] = []
    while text:
        cell, end, text = take_quoted(text) if text.startswith('"') else take_plain(text)
        row.append(cell)
        if end != ",":
            rows.append(row)
            row = []
    assert not row, "the last line has no end"
    assert len({len(row) for row in rows}) == 1, "rows differ in width"
    return rows


def take_plain(text: str) -> tuple[str, str, str]:
    """A cell without quotes, what ended it, and the rest."""
    stop = min(found for found in (text.find(","), text.find("\r\n")) if found >= 0)
    end = "," if text[stop] == "," else "\r\n"
    assert '"' not in text[:stop]
    return text[:stop], end, text[stop + len(end) :]


def take_quoted(text: str) -> tuple[str, str, str]:
    """A cell in quotes, what ended it, and the rest."""
    cell, text = "", text[1:]
    while True:
        part, _, text = text.partition('"')
        cell += part
        if not text.startswith('"'):
            break
        cell, text = f'{cell}"', text[1:]
    end = "," if text.startswith(",") else "\r\n"
    assert text.startswith(end)
    return cell, end, text[len(end) :]
