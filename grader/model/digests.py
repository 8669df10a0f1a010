"""SHA-256 digests that tell whether a submission, a suite or an environment has changed."""

import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING

from grader.model.submission import SourceFile, Submission

if TYPE_CHECKING:  # the intake digests what it reads, and has no need of pydantic
    from grader.model.assignment import Assignment
    from grader.model.report import Environment


def identify(module: str, *parts: str) -> str:
    """Return the id of a submission: the same bytes give the same id, on every machine and in every run."""
    digest = hashlib.sha256()
    for part in (module, *parts):
        data = part.encode()
        digest.update(f"{len(data)}:".encode() + data)
    return digest.hexdigest()


def identify_refused(module: str, reason: str, files: Sequence[SourceFile]) -> str:
    """Return the id of a submission that could not be read: that of its files."""
    return identify(module, reason, *(file.sha256 for file in files))


def digest_submission(submission: Submission) -> str:
    """Return the digest of what was read and of its files: a message may name a file and a line of it."""
    files = (part for file in submission.files for part in (file.path, file.sha256))
    return identify(submission.id, submission.refused, *files)


def digest_environment(environment: "Environment") -> str:
    """Return the digest of the versions, the device, the isolation level and the grader itself."""
    return identify("environment", version("grader"), environment.model_dump_json())


def digest_suite(assignment: "Assignment") -> str:
    """Return the digest of everything that decides a grade: tests, stand-ins, solution and assignment.toml."""
    digest = hashlib.sha256()
    tests = sorted(assignment.hidden_tests.glob("*.py"))
    for path in (assignment.description_file, assignment.solution, *tests):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
