"""What a result depends on: the digests by which it is known again.

Whatever may change a grade or a word of its report is in one of the three digests of a `CacheKey`; where all three are
the same, grading again would give the same report but for its timings.
"""

from dataclasses import dataclass

from grader.model.digests import digest_environment, digest_submission
from grader.model.report import Environment, GradeReport
from grader.model.submission import Submission


@dataclass(frozen=True)
class CacheKey:
    """SHA-256 digests of what was handed in, of the hidden suite, and of what ran it."""

    submission: str
    suite: str
    environment: str


@dataclass(frozen=True)
class GradingConditions:
    """Under what a class is graded: the same for every submission and every worker."""

    suite: str
    environment: Environment

    def make_key(self, submission: Submission | None) -> CacheKey:
        """The key of a submission's result; of one that cannot even be read, a key that no other has."""
        digest = digest_submission(submission) if submission else ""
        return CacheKey(digest, self.suite, digest_environment(self.environment))

    def find_difference(self, report: GradeReport) -> str:
        """In what a report was made under other conditions; empty where it was not."""
        if report.assignment.suite_digest != self.suite:
            return "the worker has other hidden tests: they were changed meanwhile, or its course folder is another one"
        if report.environment != self.environment:
            return f"the worker has another environment: {report.environment}, not {self.environment}"
        return ""
