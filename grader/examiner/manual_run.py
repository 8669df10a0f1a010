"""`pytest tests_hidden/<a> --submission PATH`: the same tests, jail and seeds, under pytest's own reports."""

from pathlib import Path

import pytest

from grader.examiner.plugin import Examination
from grader.examiner.proxy import SubmissionSession
from grader.examiner.suite import prepare_device
from grader.model.assignment import HIDDEN_TESTS, Assignment
from grader.model.course import Course, find_course
from grader.model.devices import Device, choose_device
from grader.sandbox.channel import Channel, JailChannel
from grader.sandbox.in_process import InProcessChannel
from grader.sandbox.jail import Jail, choose_isolation
from grader.sandbox.reader import read_confined


def open_manual_run(config: pytest.Config, path: Path) -> Examination:
    """Start a jail and load the submission. Raises pytest.UsageError where it cannot be read."""
    assignment = _find_assignment(config)
    submission = read_confined(
        path, isolation=config.getoption("--isolation"), module=assignment.module, defines=assignment.defines
    )
    if submission.refused:
        raise pytest.UsageError(submission.refused)
    device = choose_device(assignment, config.getoption("--device"))
    prepare_device(device)
    channel = _open_channel(config, assignment, device)
    subject = SubmissionSession(submission, assignment, channel, {"cpu", device.name})
    examination = Examination(assignment, Course(assignment.root).load_secret(), subject, device.name)
    subject.signatures = examination.load_signatures()
    return examination


def close_manual_run(examination: Examination) -> None:
    """End the jail."""
    if examination.subject is not None and isinstance(examination.subject.channel, JailChannel):
        examination.subject.channel.close()
        examination.subject.channel.jail.close()


def _open_channel(config: pytest.Config, assignment: Assignment, device: Device) -> Channel:
    if config.getoption("--in-process"):
        return InProcessChannel()
    isolation = choose_isolation(config.getoption("--isolation"))
    jail = Jail(assignment.description.imports, isolation, device=device.name, course=assignment.root)
    return JailChannel(jail, assignment.limits)


def _find_assignment(config: pytest.Config) -> Assignment:
    for argument in config.args:
        path = Path(argument.split("::")[0]).resolve()
        course = find_course(start=path)
        for name in course.list_assignments():
            if path.is_relative_to(course.root / HIDDEN_TESTS / name):
                return course.load_assignment(name)
    raise pytest.UsageError("--submission needs one folder of tests_hidden/, such as tests_hidden/a4_attention")
