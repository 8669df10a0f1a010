"""A worker for a4_attention, opened once for all test modules: it imports torch twice, which takes seconds."""

import atexit
import functools
import tempfile
from pathlib import Path

import pytest

from grader.authoring.release import render_skeleton
from grader.grading.job import Job
from grader.grading.worker import Worker, open_worker
from grader.model.report import GradeReport
from grader.model.verdict import Verdict
from grader.tests.support.course import load_assignment

NAME = "a4_attention"
LUONG = {"luong.score", "luong.weights", "luong.context"}

WRONG_LUONG = """
class LuongAttention(nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.W_a = nn.Linear(hidden_size, hidden_size, bias=False)

    def forward(self, h_t, encoder_outputs):
        scores = torch.tanh(encoder_outputs @ h_t)
        return encoder_outputs.mean(0) * 3, torch.sigmoid(scores)
"""
WRONG_DECODER = """
class AttentionDecoder(AttentionDecoder):
    def forward(self, init_hidden_state, init_cell_state, encoder_outputs, max_len=10):
        return torch.zeros(max_len, self.vocab_size), [self.start_token_id] * max_len
"""


@functools.cache
def open_shared_worker() -> Worker:
    """The one worker of this process."""
    worker = open_worker(load_assignment(NAME))
    atexit.register(worker.close)
    return worker


@pytest.fixture
def worker() -> Worker:
    """A worker for a4_attention."""
    return open_shared_worker()


@functools.cache
def read_solution() -> str:
    """The reference's text."""
    return open_shared_worker().assignment.solution.read_text(encoding="utf-8")


@functools.cache
def make_skeleton() -> str:
    """Return the skeleton that students receive."""
    return render_skeleton(read_solution())


def overlay(text: str) -> str:
    """The reference with `text` after it: the last definition wins."""
    return f"{read_solution()}\n\n{text}"


@functools.cache
def grade_text(source: str) -> GradeReport:
    """The report of a module with that text; asked for once."""
    return grade_with(open_shared_worker(), source)


@functools.cache
def grade_here(source: str) -> GradeReport:
    """The same without the jail, which takes half the time: for code that neither hangs nor crashes."""
    return grade_with(open_shared_worker(), source, in_process=True)


def grade_with(worker: Worker, source: str | bytes, *, in_process: bool = False) -> GradeReport:
    """The report that a worker gives a module with that text."""
    data = source if isinstance(source, bytes) else source.encode()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "attention.py")
        path.write_bytes(data)
        return worker.grade(Job(path, student="someone"), in_process=in_process)


def list_losing(report: GradeReport) -> set[str]:
    """The TODOs that did not get every point."""
    return {todo.id for todo in report.todos if todo.score < todo.max_score}


def list_verdicts(report: GradeReport, todo_id: str) -> set[Verdict]:
    """Return the verdicts of the tests of one TODO."""
    return {test.status for test in report.tests if test.todo == todo_id}


def list_messages(report: GradeReport, todo_id: str) -> str:
    """Return the messages of the tests of one TODO, a line each."""
    return "\n".join(test.message for test in report.tests if test.todo == todo_id)
