"""Digests of the software that a grade depends on: our own sources, the packages, and the models of the course.

The package's version number does not tell: it stays the same while the sources change.
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from grader.model.digests import identify
from grader.model.errors import GraderFault

PACKAGE = Path(__file__).resolve().parents[1]
# The sources that read a submission, run it and carry its replies.
ANSWERING = (
    "intake/**/*.py",
    "jail/*.py",
    "wire/*.py",
    "sandbox/*.py",
    "model/assignment.py",
    "model/devices.py",
    "model/digests.py",
    "model/marks.py",
    "model/submission.py",
)
# The sources that judge replies.
JUDGING = ("examiner/*.py", "model/verdict.py", "model/seeds.py", "model/text.py")
# The sources that turn verdicts into points and a report.
SCORING = ("grading/scoring.py", "grading/description.py", "grading/job.py", "grading/worker.py", "model/report.py")
PACKAGES = ("torch", "numpy", "tokenizers", "transformers")
MODELS = "hub/SHA256SUMS"


def digest_software(datasets: Path) -> str:
    """Return the digest of everything that decides a grade besides the submission, the suite and the environment.

    `datasets` is the course's folder of texts and models.
    """
    return identify("software", digest_answering(datasets), digest_judging(), digest_sources(PACKAGE, SCORING))


def digest_answering(datasets: Path) -> str:
    """Return the digest of everything that a submission's replies depend on."""
    sums = datasets / MODELS
    models = hashlib.sha256(sums.read_bytes()).hexdigest() if sums.is_file() else "none"
    return identify("answering", digest_sources(PACKAGE, ANSWERING), models, *map(_describe_package, PACKAGES))


def digest_judging() -> str:
    """Return the digest of the sources that judge replies."""
    return digest_sources(PACKAGE, JUDGING)


@cache  # once for each process: a class is graded by the sources that were there when it began
def digest_sources(package: Path, patterns: tuple[str, ...]) -> str:
    """Return the digest of our own sources. Raises GraderFault where a pattern matches none: it would guard nothing."""
    paths: list[Path] = []
    for pattern in patterns:
        found = sorted(package.glob(pattern))
        if not found:
            raise GraderFault(f"no source of the grader matches {pattern!r}: name the files that took its place")
        paths += found
    return digest_files(paths, package)


def digest_files(paths: Sequence[Path], root: Path) -> str:
    """Return the digest of files, with their names below `root`."""
    digest = hashlib.sha256()
    for path in paths:
        name = path.relative_to(root) if path.is_relative_to(root) else path.name
        digest.update(f"{name}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


@cache
def _describe_package(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} is not installed"
