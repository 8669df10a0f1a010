"""Reduce a report to what its student may see. Everything that a student receives passes through `redact`.

Each shown field is named here. A field that is added to the report stays with the staff until it is named here too.
"""

from collections import Counter
from datetime import UTC, datetime

from grader.model.report import CheckResult, Code, Environment, GradedSubmission, GradeReport, TodoResult
from grader.model.verdict import Verdict


def redact(report: GradeReport, *, released: bool = False, now: datetime | None = None) -> GradeReport:
    """Return the report as its student may see it.

    `after_due` tests are shown once the student's due date has passed, or earlier with `released`.

    A concealed test keeps its TODO, verdict and points, so that scores still add up. Its name and id become its place
    among the TODO's tests, the same in every report; its message, hint and time are dropped.
    """
    opening = datetime.fromisoformat(report.reasons_open_at) if report.reasons_open_at else None
    released = released or (opening is not None and (now or datetime.now(UTC)) >= opening)
    places = _count_places(report.tests)
    submission, here = report.submission, report.environment
    return GradeReport(
        schema_version=report.schema_version,
        assignment=report.assignment,
        submission=GradedSubmission(
            id=submission.id,
            student=submission.student,
            name=submission.name,
            files=submission.files,
            submitted_at=submission.submitted_at,
            extension_days=submission.extension_days,
            notes=submission.notes,
            refused=submission.refused,
        ),
        status=report.status,
        score=report.score,
        max_score=report.max_score,
        late_penalty=report.late_penalty,
        graded_score=report.graded_score,
        excused=report.excused,
        held=report.held,
        reasons_open_at=None if released else report.reasons_open_at,
        adjustments=report.adjustments,
        todos=tuple(
            TodoResult(
                id=todo.id,
                title=todo.title,
                title_ko=todo.title_ko,
                score=todo.score,
                max_score=todo.max_score,
                status=todo.status,
            )
            for todo in report.todos
        ),
        tests=tuple(
            _show(test) if is_shown(test, released=released) else _conceal(test, place)
            for test, place in zip(report.tests, places, strict=True)
        ),
        code=tuple(
            Code(name=part.name, todos=part.todos, place=part.place, line=part.line, text=part.text)
            for part in report.code
        ),
        # Versions explain a difference from the student's own machine. The isolation is not secret: a submission can
        # see it from inside.
        environment=Environment(python=here.python, torch=here.torch, device=here.device, isolation=here.isolation),
        seed_commitment=report.seed_commitment,
        timing=report.timing,
        notes=report.notes,
    )


def is_shown(test: CheckResult, *, released: bool = False) -> bool:
    """Tell whether a student may see the test itself, not only its points."""
    return test.visibility == "visible" or (test.visibility == "after_due" and released)


def _count_places(tests: tuple[CheckResult, ...]) -> list[int]:
    # Count all tests, shown or not, so that a place does not change when the others are released. A hash of the name
    # would not do: a student who guesses names could compare it.
    counts: Counter[str] = Counter()
    places = []
    for test in tests:
        counts[test.todo] += 1
        places.append(counts[test.todo])
    return places


def _show(test: CheckResult) -> CheckResult:
    # The message of a grader fault is about the hidden suite, whichever test it belongs to.
    ours = test.status is Verdict.GRADER_FAULT
    return CheckResult(
        id=test.id,
        name=test.name,
        todo=test.todo,
        category=test.category,
        status=test.status,
        score=test.score,
        max_score=test.max_score,
        message="" if ours else test.message,
        hint="" if ours else test.hint,
        cause=test.cause,
        place="" if ours else test.place,
        shapes="" if ours else test.shapes,
        visibility=test.visibility,
        cpu_seconds=test.cpu_seconds,
        translations={} if ours else test.translations,
        near_time_limit=test.near_time_limit,
    )


def _conceal(test: CheckResult, place: int) -> CheckResult:
    return CheckResult(
        id=f"{test.todo}/{place}",
        name=f"{test.todo}, test {place}",
        todo=test.todo,
        category=test.category,
        status=test.status,
        score=test.score,
        max_score=test.max_score,
        visibility=test.visibility,
    )
