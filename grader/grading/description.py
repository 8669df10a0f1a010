"""Describe the environment of a grade, and what the staff may want to look at."""

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from grader.examiner.review_flags import describe_remarks
from grader.examiner.source_findings import Inspection
from grader.intake import ANOTHER
from grader.model.assignment import Todo
from grader.model.devices import Device
from grader.model.report import NEAR_LIMIT, CheckResult, Code, Environment
from grader.model.submission import Submission
from grader.sandbox.isolation import Isolation


def describe_environment(isolation: Isolation, device: Device) -> Environment:
    """Return the versions, the device and the isolation level, for the report."""
    return Environment(
        python=platform.python_version(), torch=find_version("torch"), device=device.label, isolation=isolation.value
    )


def find_version(package: str) -> str:
    """Return the version of a package; empty where it is not installed, since no assignment here uses it."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def cut_code(inspection: Inspection, submission: Submission, todos: Sequence[Todo]) -> tuple[Code, ...]:
    """Return the student's own lines of the definitions that hold the TODOs, in the order of the TODOs."""
    lines = submission.source.split("\n")
    owners: dict[str, list[str]] = {}
    for todo in todos:
        for name in todo.where:
            owners.setdefault(name, []).append(todo.id)
    parts = []
    for name, ids in owners.items():
        if name in inspection.spans:
            first, last = inspection.spans[name]
            origin = submission.locate(first)
            text = "\n".join(line.expandtabs(4).rstrip() for line in lines[first - 1 : last])
            parts.append(Code(name=name, todos=tuple(ids), place=origin.place, line=origin.line, text=text))
    return tuple(parts)


def make_remarks(inspection: Inspection, submission: Submission, results: Sequence[CheckResult]) -> tuple[str, ...]:
    """Return what the staff may want to look at in a submission; it costs nothing."""
    near = [result.id for result in results if result.near_time_limit]
    return (
        *([NEAR_LIMIT + ", ".join(near)] if near else []),
        *describe_remarks(inspection, submission, results),
        *(note for note in submission.left_out if note.endswith(ANOTHER)),
    )
