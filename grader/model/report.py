"""The report of one grade: what others rely on. Its JSON Schema is published in `grader/report.schema.json`.

Changes are additive only.
"""

from collections.abc import Sequence
from typing import Final, Literal

from pydantic import Field

from grader.model.assignment import Assignment, Frozen
from grader.model.errors import BrokenSuite
from grader.model.marks import DEFAULT_VISIBILITY, Category, Visibility
from grader.model.verdict import Verdict

SCHEMA_VERSION: Final = "1.0"
Status = Literal["graded", "pending", "grader_fault"]


class CheckResult(Frozen):
    """How one hidden test ended."""

    id: str
    name: str
    todo: str
    category: Category
    status: Verdict
    score: float
    max_score: float
    message: str = ""
    hint: str = ""
    visibility: Visibility = DEFAULT_VISIBILITY
    cpu_seconds: float = 0.0


class TodoResult(Frozen):
    """One TODO with the points of its tests added up."""

    id: str
    title: str
    score: float
    max_score: float
    status: Verdict


class GradedAssignment(Frozen):
    """Which assignment, and which version of its hidden suite."""

    name: str
    title: str
    suite_digest: str


class GradedFile(Frozen):
    """One file as it was handed in."""

    path: str
    sha256: str


class GradedSubmission(Frozen):
    """What was graded; `notes` says what was left out, `refused` why nothing could be read."""

    id: str
    student: str
    files: tuple[GradedFile, ...]
    submitted_at: str | None = None
    extension_days: float = 0.0
    notes: tuple[str, ...] = ()
    refused: str = ""


class Environment(Frozen):
    """Where it was graded."""

    python: str
    torch: str
    device: str
    isolation: str


class Timing(Frozen):
    """Seconds, and the child's peak resident memory; the only part of a report that differs between two runs."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_mb: float = 0.0


class GradeReport(Frozen):
    """One submission's grade."""

    schema_version: Literal["1.0"] = SCHEMA_VERSION
    assignment: GradedAssignment
    submission: GradedSubmission
    status: Status
    score: float
    max_score: float
    late_penalty: float = 0.0
    todos: tuple[TodoResult, ...]
    tests: tuple[CheckResult, ...]
    environment: Environment
    seed_commitment: str
    timing: Timing = Timing()
    notes: tuple[str, ...] = Field(default=(), description="how the course had it graded, for everybody")
    fault: str = Field(default="", description="why the grader failed, for the staff")
    remarks: tuple[str, ...] = Field(default=(), description="what is worth a look, for the staff; costs nothing")

    @classmethod
    def for_fault(
        cls, assignment: Assignment, submission: GradedSubmission, *, suite: str, environment: Environment, fault: str
    ) -> "GradeReport":
        """Return the report of a submission that no worker could grade: no tests, and every TODO at fault."""
        todos = tuple(
            TodoResult(id=todo.id, title=todo.title, score=0.0, max_score=todo.points, status=Verdict.GRADER_FAULT)
            for todo in assignment.todos
        )
        return cls(
            assignment=GradedAssignment(name=assignment.name, title=assignment.description.title, suite_digest=suite),
            submission=submission,
            status="grader_fault",
            score=0.0,
            max_score=round(sum(todo.max_score for todo in todos), 2),
            todos=todos,
            tests=(),
            environment=environment,
            seed_commitment="",
            fault=fault,
        )

    @property
    def final_score(self) -> float | None:
        """Return the score; None where the grader failed, which is not a score of zero."""
        return None if self.status == "grader_fault" else self.score

    @property
    def reason(self) -> str:
        """Why the grader failed, for the staff: as a whole, or in the first test that broke."""
        broken = (test.message for test in self.tests if test.status is Verdict.GRADER_FAULT)
        return self.fault or next(broken, "no reason was given")

    def without_timings(self) -> "GradeReport":
        """The part that two grades of the same submission share, byte for byte."""
        tests = tuple(test.model_copy(update={"cpu_seconds": 0.0}) for test in self.tests)
        return self.model_copy(update={"tests": tests, "timing": Timing()})


def check_points(assignment: Assignment, results: Sequence[CheckResult]) -> None:
    """Check that the tests of each TODO add up to its points. Raises BrokenSuite where they do not."""
    for todo in assignment.todos:
        given = round(sum(result.max_score for result in results if result.todo == todo.id), 6)
        if given != todo.points:
            raise BrokenSuite(
                f"{assignment.name}: tests for TODO {todo.id!r} add up to {given:g} points, "
                f"but assignment.toml gives it {todo.points:g}"
            )
    for result in results:
        assignment.find_todo(result.todo)
