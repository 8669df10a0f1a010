"""Time near a limit: which runs are repeated, and which one counts."""

from types import SimpleNamespace
from typing import Any

import pytest

from grader.examiner.time_limit import TimedRun, run_in_time
from grader.model.assignment import Limits
from grader.model.verdict import SubmissionError, Verdict

STOPPED = SubmissionError(Verdict.TIMED_OUT, "stopped")
FULL = SubmissionError(Verdict.OUT_OF_MEMORY, "full", lines=(3,))
WRONG = AssertionError("wrong")


def time_runs(*runs: tuple[float, BaseException | None], is_first: bool = False) -> tuple[TimedRun, int]:
    """The judgement on a test whose runs use these shares of the limit, and how many of them were made."""
    channel: Any = SimpleNamespace(used_share=0.0)
    made = iter(runs)

    def run() -> BaseException | None:
        channel.used_share, raised = next(made)
        return raised

    timed = run_in_time(run, channel, Limits(), is_first_overrun=is_first)
    return timed, len(runs) - len(list(made))


@pytest.mark.parametrize("share", [0.0, 0.69, 0.71, 1.0])
def test_a_run_within_the_limit_counts_at_once(share: float) -> None:
    """Only a run in the grey zone is marked as grey."""
    timed, count = time_runs((share, None), (0.0, None))
    assert (timed, count) == (TimedRun(None, is_endless=False, is_grey=share > 0.7), 1)


@pytest.mark.parametrize("shares", [(1.1, 0.9), (1.4, 1.1, 0.9), (1.2, 1.3, 1.0)])
def test_the_best_of_three_grey_runs_counts(shares: tuple[float, ...]) -> None:
    """One that keeps the limit is enough."""
    timed, count = time_runs(*((share, None) for share in shares))
    assert (timed, count) == (TimedRun(None, is_endless=False, is_grey=True), len(shares))


def test_three_slow_runs_are_timed_out_and_not_endless() -> None:
    """Three slow runs do not decide if the other tests of the TODO run."""
    timed, count = time_runs((1.2, None), (1.1, None), (1.2, None), (0.1, None))
    assert isinstance(timed.raised, SubmissionError) and timed.raised.verdict is Verdict.TIMED_OUT
    assert (timed.is_endless, timed.is_grey, count) == (False, True, 3)


@pytest.mark.parametrize(("is_first", "count"), [(True, 2), (False, 1)])
def test_above_the_grey_zone_only_the_first_is_tried_again(is_first: bool, count: int) -> None:
    """A hiccup of the machine is forgiven once in a TODO, however long it was."""
    timed, made = time_runs((1.6, None), (1.6, None), is_first=is_first)
    assert isinstance(timed.raised, SubmissionError) and (timed.is_grey, made) == (False, count)


@pytest.mark.parametrize(("is_first", "count"), [(True, 2), (False, 1)])
def test_a_run_that_was_stopped_is_endless(is_first: bool, count: int) -> None:
    """Its own message is kept."""
    timed, made = time_runs((2.1, STOPPED), (2.1, STOPPED), is_first=is_first)
    assert (timed, made) == (TimedRun(STOPPED, is_endless=True, is_grey=False), count)


def test_a_slow_run_that_fails_is_not_repeated() -> None:
    """It earns nothing either way, and its reason is worth more than its time."""
    timed, made = time_runs((1.2, WRONG), (0.5, None))
    assert (timed, made) == (TimedRun(WRONG, is_endless=False, is_grey=True), 1)


@pytest.mark.parametrize(("share", "verdict"), [(0.9, "out_of_memory"), (1.2, "timed_out"), (1.9, "timed_out")])
def test_memory_that_is_full_after_the_time_was_up_is_a_matter_of_time(share: float, verdict: str) -> None:
    """A loop that never ends and keeps what it makes meets one of two limits, and its report is the same."""
    timed, _ = time_runs((share, FULL), (share, FULL), (share, FULL), is_first=True)
    assert isinstance(timed.raised, SubmissionError) and timed.raised.verdict is Verdict(verdict)
    assert timed.raised.lines == (3,)
    assert timed.is_endless is (share > 1.5)
