"""The report of one grade: what others rely on. Its JSON Schema is published in `grader/report.schema.json`.

Changes are additive only.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from types import UnionType
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from grader.model.assignment import Assignment, Frozen
from grader.model.marks import DEFAULT_VISIBILITY, Category, Visibility
from grader.model.text import MAX_TEXT_BYTES, cut_text
from grader.model.verdict import Cause, Verdict

SCHEMA_VERSION: Final = "1.2"
Status = Literal["graded", "pending", "grader_fault"]


# The start of a remark about time.
NEAR_LIMIT = "near the CPU limit, so the best of up to three runs counts: "
# What a submission can bring into a report is bounded: each text, each list, and the report as a whole.
MAX_PATH_BYTES = 512
MAX_ENTRIES = 50
MAX_CODE_BYTES = 8192
MAX_REPORT_BYTES = 1 << 20


def cut_list(texts: Sequence[str]) -> tuple[str, ...]:
    """Return at most so many texts; what is left out is counted in the last one."""
    if len(texts) <= MAX_ENTRIES:
        return tuple(texts)
    shown = MAX_ENTRIES - 1
    return (*texts[:shown], f"... and {len(texts) - shown} more")


def bound(kind: type | UnionType, cut: Callable[[Any], Any]) -> BeforeValidator:
    """Return a validator that cuts values of one kind. Others are left to pydantic, which refuses them."""
    return BeforeValidator(lambda value: cut(value) if isinstance(value, kind) else value)


ShortText = Annotated[str, bound(str, cut_text)]
ShortPath = Annotated[str, bound(str, partial(cut_text, limit=MAX_PATH_BYTES))]
CodeText = Annotated[str, bound(str, partial(cut_text, limit=MAX_CODE_BYTES))]
ShortList = Annotated[tuple[ShortText, ...], bound(list | tuple, cut_list)]


class Wording(Frozen):
    """The texts of one test in another language."""

    name: ShortText = ""
    message: ShortText = ""
    hint: ShortText = ""


class CheckResult(Frozen):
    """The end of one hidden test."""

    id: str
    name: str
    todo: str
    category: Category
    status: Verdict
    score: float
    max_score: float
    message: ShortText = ""
    hint: ShortText = ""
    cause: Cause = Field(default="", description="what the trouble is to the others of its TODO, beyond its status")
    place: ShortText = Field(default="", description="the student's own line that it comes from, as `code` names it")
    shapes: ShortText = Field(default="", description="the shapes of the tensors on the line that raised")
    visibility: Visibility = DEFAULT_VISIBILITY
    cpu_seconds: float = 0.0
    translations: Mapping[str, Wording] = Field(
        default={}, description="the texts in the languages that the course's tests are translated into"
    )
    near_time_limit: bool = Field(
        default=False,
        description="it used 0.7 to 1.5 of its CPU limit: it was repeated if need be, and its best run counts",
    )


class TodoResult(Frozen):
    """One TODO with the points of its tests added up."""

    id: str
    title: str
    title_ko: str = ""
    score: float
    max_score: float
    status: Verdict


class GradedAssignment(Frozen):
    """The assignment, and the version of its hidden suite."""

    name: str
    title: str
    title_ko: str = ""
    suite_digest: str

    @classmethod
    def describe(cls, assignment: Assignment, suite: str) -> "GradedAssignment":
        """Return what a report says of an assignment whose hidden suite has this digest."""
        description = assignment.description
        return cls(name=assignment.name, title=description.title, title_ko=description.title_ko, suite_digest=suite)


class GradedFile(Frozen):
    """One file as it was handed in."""

    path: ShortPath
    sha256: str


class GradedSubmission(Frozen):
    """The work that was graded; `notes` says what was left out, `refused` why nothing could be read."""

    id: str
    student: str
    name: ShortText = Field(default="", description="the student's name, as the roster or the download has it")
    files: Annotated[tuple[GradedFile, ...], bound(list | tuple, itemgetter(slice(MAX_ENTRIES)))]
    submitted_at: str | None = None
    extension_days: float = 0.0
    notes: ShortList = ()
    refused: ShortText = ""

    @property
    def label(self) -> str:
        """Return the name with the id, for tables and messages to staff."""
        return f"{self.name} ({self.student})" if self.name and self.name != self.student else self.student


class Code(Frozen):
    """The student's own lines of one definition. `place` is their file or `cell 3`, `line` the number of the first."""

    name: str
    todos: tuple[str, ...]
    place: ShortPath
    line: int
    text: CodeText


class Environment(Frozen):
    """The machine and the software that it was graded with."""

    python: str
    torch: str
    device: str
    isolation: str


class Timing(Frozen):
    """Seconds, and the child's peak resident memory: they differ between two runs."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_mb: float = 0.0


class ReportAdjustment(Frozen):
    """A correction by staff, as the student may see it."""

    kind: Literal["todo", "score", "bonus", "excuse", "hold"]
    todo: str = ""
    points: float | None = None
    comment: str = ""


class GradeReport(Frozen):
    """One submission's grade."""

    schema_version: Literal["1.0", "1.1", "1.2"] = SCHEMA_VERSION
    assignment: GradedAssignment
    submission: GradedSubmission
    status: Status
    score: float
    max_score: float
    late_penalty: float = 0.0
    graded_score: float | None = Field(default=None, description="the score before adjustments, if there are any")
    excused: bool = Field(default=False, description="staff excused the student: there is no score to hand on")
    held: bool = Field(default=False, description="staff keep this report back for now")
    reasons_open_at: str | None = Field(
        default=None, description="when `after_due` tests open to the student: the due date with the extension"
    )
    adjustments: tuple[ReportAdjustment, ...] = Field(default=(), description="corrections by staff")
    todos: tuple[TodoResult, ...]
    tests: tuple[CheckResult, ...]
    code: tuple[Code, ...] = Field(default=(), description="the definitions that hold the TODOs, as handed in")
    environment: Environment
    seed_commitment: str
    timing: Timing = Timing()
    notes: ShortList = Field(default=(), description="how the course had it graded, for everybody")
    fault: ShortText = Field(default="", description="why the grader failed, for the staff")
    remarks: ShortList = Field(default=(), description="what is worth a look, for the staff; costs nothing")

    @classmethod
    def for_fault(
        cls, assignment: Assignment, submission: GradedSubmission, *, suite: str, environment: Environment, fault: str
    ) -> "GradeReport":
        """Return the report of a submission that no worker could grade: no tests, and every TODO at fault."""
        todos = tuple(
            TodoResult(
                id=todo.id,
                title=todo.title,
                title_ko=todo.title_ko,
                score=0.0,
                max_score=todo.points,
                status=Verdict.GRADER_FAULT,
            )
            for todo in assignment.todos
        )
        return cls(
            assignment=GradedAssignment.describe(assignment, suite),
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
        """Return the score; None where the grader failed or staff excused the student, which is not a score of zero."""
        return None if self.status == "grader_fault" or self.excused else self.score

    @property
    def reason(self) -> str:
        """Return why the grader failed, for the staff: as a whole, or in the first test that broke."""
        broken = (test.message for test in self.tests if test.status is Verdict.GRADER_FAULT)
        return self.fault or next(broken, "no reason was given")

    def bounded(self) -> "GradeReport":
        """Return the report with shorter texts, where it would be larger than a report may be."""
        report, limit = self, MAX_TEXT_BYTES
        while limit > 32 and len(report.model_dump_json().encode()) > MAX_REPORT_BYTES:
            limit //= 4
            code = tuple(part.model_copy(update={"text": cut_text(part.text, limit)}) for part in report.code)
            tests = tuple(
                test.model_copy(
                    update={
                        "message": cut_text(test.message, limit),
                        "hint": cut_text(test.hint, limit),
                        "translations": {},  # made again from the English text, as far as the grader knows it
                    }
                )
                for test in report.tests
            )
            notes = tuple(cut_text(note, limit) for note in report.submission.notes)
            submission = report.submission.model_copy(update={"notes": notes})
            remarks = tuple(cut_text(remark, limit) for remark in report.remarks)
            changed = {"tests": tests, "code": code, "submission": submission, "remarks": remarks}
            report = report.model_copy(update=changed)
        return report

    def without_timings(self) -> "GradeReport":
        """Return the part that two grades of the same submission share, byte for byte.

        Only a test near its CPU limit may end otherwise the next time, and the report says which ones are.
        """
        tests = tuple(test.model_copy(update={"cpu_seconds": 0.0, "near_time_limit": False}) for test in self.tests)
        remarks = tuple(remark for remark in self.remarks if not remark.startswith(NEAR_LIMIT))
        return self.model_copy(update={"tests": tests, "timing": Timing(), "remarks": remarks})
