"""Run `pytest tests_hidden/<a> --submission PATH`: the same tests, jail and seeds, under pytest's own reports."""

from pathlib import Path

import pytest

from grader.examiner.examination import Examination, prepare_torch
from grader.examiner.session import SubmissionSession
from grader.model.assignment import HIDDEN_TESTS, Assignment
from grader.model.course import Course, is_course
from grader.model.devices import choose_device
from grader.sandbox.channel import Channel, JailChannel
from grader.sandbox.in_process import InProcessChannel
from grader.sandbox.jail import Jail, choose_isolation
from grader.sandbox.reader import read_confined


def open_manual_run(config: pytest.Config, path: Path) -> Examination:
    """Start a jail for the submission. Raises pytest.UsageError if it cannot be read."""
    assignment = _find_assignment(config)
    submission = read_confined(
        path, isolation=config.getoption("--isolation"), module=assignment.module, defines=assignment.defines
    )
    if submission.refused:
        raise pytest.UsageError(submission.refused)
    device = choose_device(assignment, config.getoption("--device"))
    if assignment.uses_torch:
        prepare_torch(device)
    examination = Examination(assignment, Course(assignment.root).load_secret(), device=device.name)
    signatures = examination.load_signatures()
    channel: Channel = InProcessChannel()
    if not config.getoption("--in-process"):
        isolation = choose_isolation(config.getoption("--isolation"))
        jail = Jail(assignment.description.imports, isolation, device=device.name, course=assignment.root)
        channel = JailChannel(jail, assignment.limits)
    devices = {"cpu", device.name}
    examination.examine(SubmissionSession(submission, assignment, channel, devices=devices, signatures=signatures))
    return examination


def close_manual_run(examination: Examination) -> None:
    """End the jail."""
    channel = examination.session.channel
    if isinstance(channel, JailChannel):
        channel.close()
        channel.jail.close()


def _find_assignment(config: pytest.Config) -> Assignment:
    for argument in config.args:
        path = Path(argument.split("::")[0]).resolve()
        # The course that the tests lie in, wherever pytest was started and whatever course is set.
        folder = next((parent for parent in path.parents if is_course(parent)), None)
        if folder is not None and path.is_relative_to(folder / HIDDEN_TESTS):
            name = path.relative_to(folder / HIDDEN_TESTS).parts[:1]
            return Course(folder).load_assignment(*name, draft=True)
    raise pytest.UsageError("--submission needs one folder of tests_hidden/, such as tests_hidden/a4_attention")
