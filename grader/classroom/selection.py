"""The part of a class that a batch grades again."""

from dataclasses import dataclass

from grader.classroom.gradebook import Attempt
from grader.model.errors import UsageError


@dataclass(frozen=True)
class ChosenStudents:
    """The students to grade: those in `only`, those that the grader `failed`, or those whose files have `changed`.

    Everyone else keeps the last result, and has none where there is no last one.
    """

    only: frozenset[str] = frozenset()
    failed: bool = False
    changed: bool = False

    def __post_init__(self) -> None:
        """Raise UsageError where two selections would contradict each other."""
        if sum([bool(self.only), self.failed, self.changed]) > 1:
            raise UsageError("choose one of --only, --failed and --changed")

    @property
    def is_partial(self) -> bool:
        """Tell whether some students keep their last result, even if they submitted something new."""
        return self.failed or bool(self.only)

    def leaves_out(self, student: str, latest: Attempt | None) -> bool:
        """Tell whether a student is not graded now, even if something new was submitted."""
        if self.failed:
            return latest is not None and latest.report.status != "grader_fault"
        return bool(self.only) and student not in self.only


EVERYONE = ChosenStudents()
