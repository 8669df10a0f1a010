"""Mistakes that show only when the solution is tried: tests that depend on chance, and public tests that it fails."""

from collections.abc import Callable, Iterator

from grader.model.assignment import Assignment
from grader.model.report import GradeReport
from grader.model.verdict import Verdict
from grader.student.check import check_submission
from grader.student.kit import PUBLIC_TESTS, open_kit

# Gradings of the solution: the first two with the same inputs, the others with inputs of their own.
DRAWS = ("", "", "# another draw", "# a third draw")


def find_trial_mistakes(assignment: Assignment, grade: Callable[[str, str], GradeReport]) -> Iterator[str]:
    """Give a sentence for each mistake. `grade` is given a name and a source."""
    solution = assignment.solution.read_text(encoding="utf-8")
    flaky: dict[str, str] = {}
    for number, note in enumerate(DRAWS):
        # Inputs are drawn by the submission: a comment makes it another one.
        report = grade(f"trial_{number}", f"{solution}\n{note}\n")
        flaky |= {test.id: test.message for test in report.tests if test.status is not Verdict.PASSED}
    for test, message in flaky.items():
        yield f"{test} is flaky: the solution passes it at one time and not at another ({message})"
    yield from find_public_mistakes(assignment)


def find_public_mistakes(assignment: Assignment) -> Iterator[str]:
    """Give a sentence for each public test that the solution fails."""
    if (assignment.folder / PUBLIC_TESTS).is_dir():
        kit = open_kit(assignment.folder, assignment.read_reference())  # its outline may not be written yet
        for finding in check_submission(assignment.solution, kit).findings:
            if finding.outcome.verdict not in (Verdict.PASSED, Verdict.PENDING):
                yield f"the solution fails the public test {finding.name!r}: {finding.outcome.message}"
