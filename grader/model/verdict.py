"""The verdicts: what happened, whose doing it was, and the sentence for the student.

The one table of texts; used by `examiner`, `report` and the exports.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Language = Literal["en", "ko"]


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
    """The party that caused a verdict, and its sentence in each language."""

    fault: Literal["nobody", "student", "grader"]
    en: str
    ko: str

    def tell(self, language: Language) -> str:
        """The sentence for a student."""
        return self.ko if language == "ko" else self.en


MEANINGS: dict[Verdict, Meaning] = {
    Verdict.PASSED: Meaning("nobody", "passed", "통과"),
    Verdict.FAILED: Meaning("student", "the result differs from what was asked", "결과가 요구와 다릅니다"),
    Verdict.UNFILLED: Meaning("student", "this TODO is not filled in yet", "아직 채워지지 않은 TODO입니다"),
    Verdict.RAISED: Meaning("student", "the code raised an exception", "코드에서 예외가 발생했습니다"),
    Verdict.TIMED_OUT: Meaning("student", "the code did not finish in time", "제한 시간 안에 끝나지 않았습니다"),
    Verdict.OUT_OF_MEMORY: Meaning(
        "student", "the code asked for more memory than allowed", "허용된 메모리를 초과했습니다"
    ),
    Verdict.CRASHED: Meaning("student", "the code ended its own process", "코드가 프로세스를 종료시켰습니다"),
    Verdict.FORBIDDEN: Meaning(
        "student", "the code used something that is not allowed here", "허용되지 않은 기능을 사용했습니다"
    ),
    Verdict.MALFORMED_REPLY: Meaning(
        "student", "the code returned something that cannot be read", "읽을 수 없는 값을 반환했습니다"
    ),
    Verdict.PENDING: Meaning("nobody", "waiting for a machine with a GPU", "GPU가 있는 기계를 기다리고 있습니다"),
    Verdict.GRADER_FAULT: Meaning(
        "grader",
        "the grader itself failed; your code is not the cause",
        "채점기 자체의 오류입니다. 제출한 코드의 문제가 아닙니다",
    ),
}


@dataclass(frozen=True)
class Outcome:
    """The end of a test, with the reason and a hint."""

    verdict: Verdict
    message: str = ""
    hint: str = ""


class SubmissionError(Exception):
    """The submission did something other than answer: its verdict, and a message fit for the student.

    `exception_type` is the type's name where it raised an exception, `bases` the names of the types that it is made
    from, and `text` its own message. `lines` are the lines of its own on the way there, outermost first.
    """

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
    ) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.message = message
        self.hint = hint
        self.exception_type = exception_type
        self.lines = lines
        self.bases = bases
        self.text = text

    @property
    def line(self) -> int:
        """Return the line that raised; 0 where none of its own was running."""
        return self.lines[-1] if self.lines else 0
