"""Show what a student reads first for known mistakes: `python -m grader.tools.first_messages a4_attention ...`.

Each wrong variant of the corpus is graded, and the first message of the TODO that loses points is printed as a row of
a table: in the order of the tests, as the ranking has it, and in Korean.
"""

import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from grader.authoring.corpus import VariantExpectation, build_source, load_expectations
from grader.grading.job import Job
from grader.grading.worker import Worker
from grader.model.assignment import Assignment
from grader.model.course import find_course
from grader.model.report import GradeReport
from grader.model.verdict import Verdict
from grader.reporting.feedback import list_troubles

ROWS = 8


def describe_first(report: GradeReport, todo: str) -> tuple[str, str, str]:
    """Return the first message in the order of the tests, by rank, and by rank in Korean."""
    failed = [test for test in report.tests if test.todo == todo and test.status is not Verdict.PASSED and test.message]
    before = f"{failed[0].message}{f' ({failed[0].hint})' if failed[0].hint else ''}" if failed else ""
    english, korean = (next(iter(list_troubles(report, todo, language)), "") for language in ("en", "ko"))
    return before, english, korean


def list_rows(assignment: Assignment, most: int = ROWS) -> Iterator[tuple[str, ...]]:
    """Yield a row for each of the first wrong variants that run without the jail, spread over the TODOs."""
    with Worker(assignment) as worker, tempfile.TemporaryDirectory() as folder:
        for name, expectation in _choose(load_expectations(assignment), most):
            path = Path(folder) / name / assignment.module
            path.parent.mkdir()
            path.write_text(build_source(assignment, name, expectation), encoding="utf-8")
            report = worker.grade(Job(path), in_process=True)
            yield (expectation.note or expectation.mistake or name, *describe_first(report, expectation.loses[0]))


def _choose(expectations: dict[str, VariantExpectation], most: int) -> list[tuple[str, VariantExpectation]]:
    wrong = [(name, item) for name, item in expectations.items() if name.startswith("wrong_") and not item.confined]
    todos = list(dict.fromkeys(item.loses[0] for _, item in wrong))
    by_todo = {todo: [pair for pair in wrong if pair[1].loses[0] == todo] for todo in todos}
    turns = [by_todo[todo][turn] for turn in range(most) for todo in todos if turn < len(by_todo[todo])]
    return turns[:most]


def main() -> None:
    """Print the rows of the named assignments."""
    warnings.simplefilter("ignore")
    print("| mistake | first by test order | first by rank | in Korean |\n| --- | --- | --- | --- |")
    for name in sys.argv[1:]:
        for row in list_rows(find_course().load_assignment(name)):
            print(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |", flush=True)


if __name__ == "__main__":
    main()
