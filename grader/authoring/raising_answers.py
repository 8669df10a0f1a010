"""Grade the reference with one TODO that raises: no answer to it may cost another TODO a point."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from grader.authoring.release import BEGIN, END
from grader.model.assignment import Assignment
from grader.model.report import GradeReport

# Code that a student may leave behind: each raises as soon as it runs, and none of it is a stub.
LINES = {"raise": 'raise ValueError("x")', "division": "1 / 0", "unknown name": "no_such_name"}


@dataclass(frozen=True)
class RaisingAnswer:
    """The source in which one TODO raises."""

    todo: str
    kind: str
    source: str


def find_costly_answers(
    assignment: Assignment, grade: Callable[[str, str, frozenset[str]], GradeReport]
) -> Iterator[str]:
    """Complain of each TODO that loses points while another raises.

    `grade` is given a name, the source and the TODOs to judge.
    """
    for number, answer in enumerate(write_raising_answers(assignment)):
        others = frozenset(todo.id for todo in assignment.todos) - {answer.todo}
        report = grade(f"raising_{number}", answer.source, others)
        for todo in report.todos:
            if todo.id in others and todo.score < todo.max_score:
                tests = "; ".join(
                    f"{test.id} {test.status}: {test.message}"
                    for test in report.tests
                    if test.todo == todo.id and test.score < test.max_score
                )
                yield f"{answer.todo} raises ({answer.kind}), and {todo.id} keeps {todo.score:g}: {tests}"


def write_raising_answers(assignment: Assignment) -> Iterator[RaisingAnswer]:
    """Write the solution with each TODO's lines replaced by each of the raising ones."""
    solution = assignment.solution.read_text(encoding="utf-8")
    for todo in assignment.todos:
        for kind, line in LINES.items():
            yield RaisingAnswer(todo.id, kind, "\n".join(_replace_solution(solution, todo.id, line)))


def _replace_solution(solution: str, todo: str, replacement: str) -> Iterator[str]:
    inside = False
    for line in solution.split("\n"):
        text = line.strip()
        if text == f"{BEGIN} {todo}":
            inside = True
            yield line[: len(line) - len(line.lstrip())] + replacement
        elif not inside:
            yield line
        elif text == END:
            inside = False
