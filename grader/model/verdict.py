"""The verdicts: what happened, whose doing it was, and the sentence for the student.

The one table of texts; used by `examiner`, `report` and the exports.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Language = Literal["en", "ko"]
# What a trouble is to the others of its TODO, where the verdict alone does not show it: `follows` has another cause.
Cause = Literal["", "load", "missing", "structure", "follows"]


class Verdict(StrEnum):
    """The end of one test, in one word."""

    PASSED = "passed"
    FAILED = "failed"
    UNFILLED = "unfilled"
    RAISED = "raised"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED = "crashed"
    FORBIDDEN = "forbidden"
    MALFORMED_REPLY = "malformed_reply"
    PENDING = "pending"
    GRADER_FAULT = "grader_fault"


@dataclass(frozen=True)
class Meaning:
    """The party that caused a verdict, and its sentence for the student."""

    fault: Literal["nobody", "student", "grader"]
    en: str


MEANINGS: dict[Verdict, Meaning] = {
    Verdict.PASSED: Meaning("nobody", "passed"),
    Verdict.FAILED: Meaning("student", "the result differs from what was asked"),
    Verdict.UNFILLED: Meaning("student", "this TODO is not filled in yet"),
    Verdict.RAISED: Meaning("student", "the code raised an exception"),
    Verdict.TIMED_OUT: Meaning("student", "the code did not finish in time"),
    Verdict.OUT_OF_MEMORY: Meaning("student", "the code asked for more memory than allowed"),
    Verdict.CRASHED: Meaning("student", "the code ended its own process"),
    Verdict.FORBIDDEN: Meaning("student", "the code used something that is not allowed here"),
    Verdict.MALFORMED_REPLY: Meaning("student", "the code returned something that cannot be read"),
    Verdict.PENDING: Meaning("nobody", "waiting for a machine with a GPU"),
    Verdict.GRADER_FAULT: Meaning("grader", "the grader itself failed; your code is not the cause"),
}


@dataclass(frozen=True)
class Outcome:
    """The end of a test, with the reason and a hint.

    `place` is the student's own line that it comes from, `shapes` those of the tensors there.
    """

    verdict: Verdict
    message: str = ""
    hint: str = ""
    cause: Cause = ""
    place: str = ""
    shapes: str = ""


class SubmissionError(Exception):
    """The submission did something other than answer: its verdict, and a message fit for the student.

    `exception_type` is the type's name where it raised an exception, `bases` the names of the types that it is made
    from, and `text` its own message. `lines` are the lines of its own on the way there, outermost first, and `shapes`
    those of the tensors on the last one.
    """

    cause: Cause = ""

    def __init__(
        self,
        verdict: Verdict,
        message: str,
        *,
        hint: str = "",
        exception_type: str = "",
        lines: tuple[int, ...] = (),
        bases: tuple[str, ...] = (),
        text: str = "",
        shapes: str = "",
    ) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.message = message
        self.hint = hint
        self.exception_type = exception_type
        self.lines = lines
        self.bases = bases
        self.text = text
        self.shapes = shapes

    @property
    def line(self) -> int:
        """Return the line that raised; 0 where none of its own was running."""
        return self.lines[-1] if self.lines else 0


class LoadFailure(SubmissionError):
    """A definition is there, and could not be made: its own statement, or one that it needs, raised."""

    cause = "load"


class MissingDefinition(SubmissionError):
    """A definition that the tests ask for is not there."""

    cause = "missing"
