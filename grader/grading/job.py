"""A submission to grade, and its description in a report."""

from dataclasses import dataclass
from pathlib import Path

from grader.model.report import MAX_ENTRIES, CheckResult, GradedFile, GradedSubmission
from grader.model.submission import Submission


@dataclass(frozen=True)
class Job:
    """One submission to grade, or to judge again from a `recording`, with the results of tests that need not run.

    `name` is the student's, `entry` what lies in the class folder. `notes` tell the student how the work came to be
    graded as theirs. `submission` is what was read, if it need not be read again.
    """

    path: Path
    student: str = ""
    submitted_at: str | None = None
    extension_days: float = 0.0
    recording: Path | None = None
    kept: tuple[CheckResult, ...] = ()
    entry: str = ""
    notes: tuple[str, ...] = ()
    submission: Submission | None = None
    name: str = ""


def describe_submission(job: Job, submission: Submission) -> GradedSubmission:
    """Return the description of a submission, for its report."""
    more = len(submission.files) - MAX_ENTRIES
    unlisted = [f"{more} more files were read that are not listed here"] if more > 0 else []
    notes = [*job.notes, *unlisted, *submission.left_out, *submission.missing.values()]
    return GradedSubmission(
        id=submission.id,
        student=job.student or submission.student,
        name=job.name,
        files=tuple(GradedFile(path=file.path, sha256=file.sha256) for file in submission.files),
        submitted_at=job.submitted_at,
        extension_days=job.extension_days,
        notes=tuple([submission.refused, *notes] if submission.refused else notes),
        refused=submission.refused,
    )
