"""The cache key of a result: digests of the submission, the hidden suite and the software and machine that grade.

Everything that may change a grade or a word of its report is in one of the three digests. Where all three are the same,
grading again would give the same report, except for its timings.
"""

from dataclasses import dataclass

from grader.grading.software import digest_software
from grader.model.assignment import Assignment
from grader.model.course import Course
from grader.model.digests import digest_environment, digest_suite, identify
from grader.model.report import Environment, GradeReport


@dataclass(frozen=True)
class CacheKey:
    """SHA-256 digests of the submission, of the hidden suite, and of the software and the machine."""

    submission: str
    suite: str
    environment: str


@dataclass(frozen=True)
class GradingConditions:
    """The conditions that a class is graded under: the same for every submission and every worker."""

    suite: str
    environment: Environment
    software: str

    def make_key(self, submission: str) -> CacheKey:
        """Return the key of a result, from the submission's digest."""
        return CacheKey(submission, self.suite, identify(digest_environment(self.environment), self.software))

    def find_difference(self, report: GradeReport, software: str) -> str:
        """Tell how the conditions of a report differ from these; return an empty string where they do not.

        `software` is the digest of the software that made the report.
        """
        if report.assignment.suite_digest != self.suite:
            return "the worker has other hidden tests: they have changed since, or its course folder is another one"
        if report.environment != self.environment:
            return f"the worker has another environment: {report.environment}, not {self.environment}"
        if software != self.software:
            return (
                "the worker has another grader, other packages or other models: install the same on every machine, and "
                "start its workers again after an update"
            )
        return ""


def read_conditions(assignment: Assignment, environment: Environment) -> GradingConditions:
    """Return the conditions for an assignment in an environment."""
    software = digest_software(Course(assignment.root).datasets)
    return GradingConditions(digest_suite(assignment), environment, software)
