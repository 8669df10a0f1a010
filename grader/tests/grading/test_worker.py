"""One grade from end to end: a4_attention behind its wall."""

import ast
import copy
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from grader.grading.worker import Worker
from grader.model.assignment import Limits
from grader.model.verdict import Verdict
from grader.sandbox.child import Child
from grader.sandbox.jail import Jail
from grader.tests.support.a4 import (
    LUONG,
    WRONG_DECODER,
    WRONG_LUONG,
    grade_here,
    grade_text,
    grade_with,
    list_losing,
    list_verdicts,
    make_skeleton,
    open_shared_worker,
    overlay,
    read_solution,
)

STEPS = {
    "luong.score": "attention_scores = encoder_outputs @ self.W_a(h_t)",
    "luong.weights": "attention_weights = torch.softmax(attention_scores, dim=0)",
    "luong.context": "context_vector = attention_weights @ encoder_outputs",
}
LUONG_TEMPLATE = """
class LuongAttention(LuongAttention):
    def forward(self, h_t, encoder_outputs):
        {}
        return context_vector, attention_weights
"""
MISHAP_TEMPLATE = """
class AttentionSeq2Seq(AttentionSeq2Seq):
    def forward(self, input_ids):
        import ctypes, os, sys, time
        hoard = []
        {}
"""
MISHAPS = {
    "while True: pass": Verdict.TIMED_OUT,
    "time.sleep(3600)": Verdict.TIMED_OUT,
    "os._exit(0)": Verdict.CRASHED,
    "sys.exit(0)": Verdict.CRASHED,
    "ctypes.string_at(0)": Verdict.CRASHED,
    # asked for, not touched: on a slow machine touching a gigabyte takes longer than a test may
    "while True: hoard.append(torch.empty(1 << 22))": Verdict.OUT_OF_MEMORY,
    "raise RuntimeError('std::bad_alloc')": Verdict.OUT_OF_MEMORY,  # what torch says of many small tensors
}

COMMONEST = ("while True: pass", "os._exit(0)", "raise RuntimeError('std::bad_alloc')")


def test_the_reference_gets_every_point():
    """The solution scores 100 of 100, each test passed."""
    report = grade_text(read_solution())
    assert (report.status, report.score, report.max_score) == ("graded", 100, 100)
    assert {test.status for test in report.tests} == {Verdict.PASSED}


def test_the_worker_parses_nothing_of_a_submission(monkeypatch: pytest.MonkeyPatch):
    """A right answer, an open stub, a call with a wrong signature and odd code: all of it is read behind the wall."""
    parse, parsed = ast.parse, []

    def note(source: str | bytes, *args: Any, **options: Any) -> ast.AST:
        parsed.append(str(source))
        return parse(source, *args, **options)

    monkeypatch.setattr("ast.parse", note)
    mark = "students_own_name = 1"
    stub = "def score(self, h_t):\n        return FIXME('luong.score')"
    report = grade_text(
        f"{mark}\ndef helper():\n    import ctypes\n{read_solution()}\n"
        f"class LuongAttention(LuongAttention):\n    {stub}\n"
    )
    assert any(remark.startswith("imports ctypes") for remark in report.remarks)
    assert [text for text in parsed if mark in text] == []


def test_the_untouched_skeleton_gets_no_point():
    """The skeleton scores 0, and each TODO says that it is open."""
    report = grade_text(make_skeleton())
    assert (report.status, report.score) == ("graded", 0)
    assert {todo.status for todo in report.todos} == {Verdict.UNFILLED}
    assert {test.status for test in report.tests} == {Verdict.UNFILLED}


@pytest.mark.slow
@pytest.mark.parametrize("todo", STEPS)
def test_an_open_stub_does_not_cost_its_neighbours(todo: str):
    """Of three TODOs in one function one is open: the two others keep every point."""
    steps = [f'{line.split(" = ")[0]} = FIXME("{name}")' if name == todo else line for name, line in STEPS.items()]
    report = grade_here(overlay(LUONG_TEMPLATE.format("\n        ".join(steps))))
    assert list_losing(report) == {todo}
    assert list_verdicts(report, todo) == {Verdict.UNFILLED}


def test_a_right_decoder_keeps_its_points_above_a_wrong_attention():
    """The decoder depends on a wrong part, and loses nothing itself."""
    assert list_losing(grade_text(overlay(WRONG_LUONG))) == LUONG


def test_a_right_attention_keeps_its_points_below_a_wrong_decoder():
    """The attention is used by a wrong part, and loses nothing itself."""
    assert list_losing(grade_text(overlay(WRONG_DECODER))) == {"decoder.attentional"}


@pytest.mark.parametrize(
    "statement", [text if text in COMMONEST else pytest.param(text, marks=pytest.mark.slow) for text in MISHAPS]
)
def test_a_mishap_costs_its_own_tests(statement: str):
    """A loop, an exit, a crash, a hoard or a sleep inside one class is named as such, and costs that class only."""
    source = overlay(MISHAP_TEMPLATE.format(statement))
    report = grade_with(make_impatient_worker(), source)
    assert list_verdicts(report, "attention.seq2seq") == {MISHAPS[statement]}
    assert list_losing(report) == {"attention.seq2seq"}
    assert report.status == "graded"
    if MISHAPS[statement] is Verdict.TIMED_OUT:
        [line] = [number for number, text in enumerate(source.split("\n"), start=1) if text.strip() == statement]
        places = {test.place for test in report.tests if test.status is Verdict.TIMED_OUT}
        assert places - {""} == {f"attention.py, line {line}"}


def test_the_same_submission_gets_the_same_report():
    """Two grades of one submission are equal, byte for byte but for the timings."""
    source = overlay(WRONG_LUONG)
    again = grade_with(open_shared_worker(), source).without_timings()
    assert again.model_dump_json() == grade_text(source).without_timings().model_dump_json()


def test_a_busy_machine_gives_the_same_report():
    """While every core is busy the report stays the same."""
    source = overlay(WRONG_LUONG)
    with busy_cores(2):
        again = grade_with(open_shared_worker(), source).without_timings()
    assert again.model_dump_json() == grade_text(source).without_timings().model_dump_json()


def test_the_jail_changes_no_grade():
    """In the examiner's own process the same submission gets the same report."""
    source = overlay(WRONG_LUONG)
    assert grade_here(source).without_timings() == grade_text(source).without_timings()


def test_the_id_of_a_submission_is_that_of_its_text():
    """Another text has another id, so that its inputs are drawn again."""
    ids = {grade_text(source).submission.id for source in (read_solution(), overlay(WRONG_LUONG))}
    assert len(ids) == 2


def test_a_zygote_that_was_killed_is_a_fault_of_the_grader():
    """The report says so if no child can be forked, and no test is called failed."""
    with spare_jail() as spare:
        kill(spare.jail)
        report = grade_with(spare, read_solution())
        assert spare.jail.process.poll() is None, "the next submission finds a new zygote"
    assert report.status == "grader_fault"
    assert {test.status for test in report.tests} == {Verdict.GRADER_FAULT}
    assert "sandboxed process" in report.fault


def test_a_zygote_that_is_killed_under_way_is_a_fault_of_the_grader(monkeypatch: pytest.MonkeyPatch):
    """A child that dies because its zygote was killed is not taken for the submission's crash."""
    with spare_jail() as spare:
        spawn = spare.jail.spawn

        def spawn_and_kill(limits: Limits) -> Child:
            child = spawn(limits)
            kill(spare.jail)
            return child

        monkeypatch.setattr(spare.jail, "spawn", spawn_and_kill)
        report = grade_with(spare, read_solution())
    assert report.status == "grader_fault"
    assert {todo.status for todo in report.todos} == {Verdict.GRADER_FAULT}


def make_impatient_worker() -> Worker:
    """The shared worker with less patience."""
    impatient = copy.copy(open_shared_worker())
    limits = Limits(cpu_seconds=0.5, asleep_seconds=0.5)
    description = impatient.assignment.description.model_copy(update={"limits": limits})
    impatient.assignment = impatient.assignment.model_copy(update={"description": description})
    return impatient


@contextmanager
def spare_jail() -> Iterator[Worker]:
    """The shared worker with a zygote of its own that has nothing imported."""
    spare = copy.copy(open_shared_worker())
    spare.jail = Jail((), spare.jail.isolation)
    try:
        spare.jail.wait_ready()
        yield spare
    finally:
        spare.jail.close()


def kill(jail: Jail) -> None:
    """SIGKILL, as from outside."""
    jail.process.kill()
    jail.process.wait()


@contextmanager
def busy_cores(count: int) -> Iterator[None]:
    """Processes that do nothing but compute."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
