"""What a result depends on: the digests by which it is known again.

Whatever may change a grade or a word of its report is in one of the three digests of a `CacheKey`; where all three are
the same, grading again would give the same report but for its timings.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from grader.model.assignment import Assignment
from grader.model.report import Environment, GradeReport
from grader.model.submission import Submission, identify


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


def digest_submission(submission: Submission) -> str:
    """Of what was read and of its files: a message may name a file and a line of it."""
    files = (part for file in submission.files for part in (file.path, file.sha256))
    return identify(submission.id, submission.refused, *files)


def digest_environment(environment: Environment) -> str:
    """Of the versions, the device, the wall, and the grader itself."""
    return identify("environment", version("grader"), environment.model_dump_json())


def digest_suite(assignment: Assignment) -> str:
    """Of everything that decides a grade: tests, stand-ins, solution and assignment.toml."""
    digest = hashlib.sha256()
    for path in _list_suite_files(assignment):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _list_suite_files(assignment: Assignment) -> Iterator[Path]:
    yield assignment.folder / "assignment.toml"
    yield assignment.solution
    yield from sorted(assignment.hidden_tests.glob("*.py"))
