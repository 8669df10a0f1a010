"""A report -> what its student may see of it. The one function that everything a student receives goes through.

What a student may see is named here field by field, so that a field added to the report is the staff's until somebody
names it here as well.
"""

from collections import Counter

from grader.model.report import CheckResult, Environment, GradedSubmission, GradeReport, TodoResult
from grader.model.verdict import Verdict


def redact(report: GradeReport, *, released: bool = False) -> GradeReport:
    """The report as its student may see it; `released` once the due date has passed and `after_due` tests may show.

    A test that is not shown keeps its TODO, verdict and points, so that scores still add up. Its name and id become its
    place among the TODO's tests, the same in every report; its message, its hint and its own time go.
    """
    places = _count_places(report.tests)
    return GradeReport(
        schema_version=report.schema_version,
        assignment=report.assignment,
        submission=_copy_submission(report.submission),
        status=report.status,
        score=report.score,
        max_score=report.max_score,
        late_penalty=report.late_penalty,
        todos=tuple(_copy_todo(todo) for todo in report.todos),
        tests=tuple(
            _show(test) if is_shown(test, released=released) else _conceal(test, place)
            for test, place in zip(report.tests, places, strict=True)
        ),
        environment=_copy_environment(report.environment),
        seed_commitment=report.seed_commitment,
        timing=report.timing,
        notes=report.notes,
    )


def is_shown(test: CheckResult, *, released: bool = False) -> bool:
    """Whether a student may see the test itself, not only its points."""
    return test.visibility == "visible" or (test.visibility == "after_due" and released)


def _count_places(tests: tuple[CheckResult, ...]) -> list[int]:
    # Counted over all tests, shown or not: a place does not change when the others are released. No hash of the name,
    # which somebody who guesses names could compare.
    counts: Counter[str] = Counter()
    places = []
    for test in tests:
        counts[test.todo] += 1
        places.append(counts[test.todo])
    return places


def _show(test: CheckResult) -> CheckResult:
    # What the grader says of its own failure is about the hidden suite, whichever test it befell.
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
        visibility=test.visibility,
        cpu_seconds=test.cpu_seconds,
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


def _copy_submission(submission: GradedSubmission) -> GradedSubmission:
    return GradedSubmission(
        id=submission.id,
        student=submission.student,
        files=submission.files,
        submitted_at=submission.submitted_at,
        extension_days=submission.extension_days,
        notes=submission.notes,
        refused=submission.refused,
    )


def _copy_todo(todo: TodoResult) -> TodoResult:
    return TodoResult(id=todo.id, title=todo.title, score=todo.score, max_score=todo.max_score, status=todo.status)


def _copy_environment(environment: Environment) -> Environment:
    # Versions explain a difference from the student's own machine. The wall's name says to whoever reads a result in
    # another system what it was; a submission sees from inside which one it is.
    return Environment(
        python=environment.python, torch=environment.torch, device=environment.device, isolation=environment.isolation
    )
