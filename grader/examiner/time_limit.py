"""The verdict on whether a test kept its limit of CPU time, however fast the machine is at the moment."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.model.assignment import Limits
from grader.model.verdict import SubmissionError, Verdict

if TYPE_CHECKING:
    from grader.sandbox.channel import Channel  # it needs what only Linux has; a student's own check runs anywhere

# The grey zone, in shares of the limit. The same code takes a tenth more or less from one moment to the next, so within
# the zone a run that took too long is repeated and the best one counts. Below it a test is fast, above it too slow.
GREY_FROM, GREY_TO = 0.7, 1.5
MAX_RUNS = 3


@dataclass(frozen=True)
class TimedRun:
    """The end of a test, and how its runs stood to the limit.

    `is_endless` if its last run had to be stopped, and `is_grey` if one ended in the grey zone.
    """

    raised: BaseException | None
    is_endless: bool
    is_grey: bool


def run_in_time(
    run: Callable[[], BaseException | None], channel: "Channel", limits: Limits, *, is_first_overrun: bool
) -> TimedRun:
    """Run a test, and again where only its time is in doubt.

    CPU time is only as steady as the machine: where a host takes memory away, a touched page may cost a thousand times
    more. So the first test of a TODO that overruns is tried twice, however much it took.

    A loop that never ends may also fill the memory, and which limit it meets first would be chance: where the time was
    up, it is the time.
    """
    shares: list[float] = []
    while True:
        raised = run()
        shares.append(channel.used_share)
        verdict = raised.verdict if isinstance(raised, SubmissionError) else None
        is_full = verdict is Verdict.OUT_OF_MEMORY
        is_stopped = verdict is Verdict.TIMED_OUT or (is_full and shares[-1] > GREY_TO)
        is_slow = is_stopped or ((raised is None or is_full) and shares[-1] > 1)
        is_doubtful = not is_stopped and shares[-1] <= GREY_TO
        may_repeat = is_doubtful or (is_first_overrun and len(shares) == 1)
        if not is_slow or not may_repeat or len(shares) == MAX_RUNS:
            break
    if is_slow and verdict is not Verdict.TIMED_OUT:
        lines = raised.lines if isinstance(raised, SubmissionError) else ()
        raised = SubmissionError(Verdict.TIMED_OUT, limits.overrun, lines=lines)
    return TimedRun(raised, is_stopped, any(GREY_FROM < share <= GREY_TO for share in shares))
