"""Foresee what a test asks next, and how it ends, from what it did before.

A test is a function of its inputs, which all submissions of one draw share, and of the replies that it receives. After
the same replies it asks the same, or ends in the same way. So the next requests are looked up by a digest of the
replies so far, and pytest runs a test only where a submission replies what none has replied before.

Nothing is sent before its turn. A request may hold values that a test computed from right replies: it goes only to a
submission that has given these very replies.

Not remembered is anything that depends on more than replies: the end of a child, limits, and exceptions of the
submission, whose messages quote its own lines.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from grader.examiner.foreseeing import ForeseeingChannel, LiveExchange, Unforeseen
from grader.examiner.mismatch import Mismatch
from grader.examiner.pytest_adapter import judge
from grader.examiner.replay import Unrecorded
from grader.examiner.session import SubmissionSession
from grader.model.verdict import Cause, SubmissionError
from grader.wire.frames import Frame, ProtocolError
from grader.wire.messages import is_raised

# Bytes of what is remembered by one worker. A draw of a large suite takes 2 MB.
ROOM = 64 << 20
# Bytes that a step takes beside its frames, and how often a frame's bytes are in memory: packed, and as values.
STEP_BYTES, COPIES = 1000, 3


@dataclass(frozen=True)
class Step:
    """The next step of a test: it sends requests, or ends.

    It does so only if the submission defines `names`. Where it ends, `failure` holds the message, the hint and the
    cause of a test that failed.
    """

    names: frozenset[str]
    frames: tuple[Frame, ...] = ()
    failure: tuple[str, str, Cause] | None = None


class Foresight:
    """The steps of a suite's tests after given replies, those least recently used forgotten first."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._steps: OrderedDict[bytes, Step] = OrderedDict()
        self._unsteady: set[str] = set()

    def run(
        self, test: str, todo: str, session: SubmissionSession, run_test: Callable[[], BaseException | None]
    ) -> BaseException | None:
        """Return what a test raises, from memory or by `run_test`. `test` names it and its inputs.

        Raises GraderFault if the examiner cannot go on.
        """
        channel = session.channel
        if not isinstance(channel, ForeseeingChannel) or test in self._unsteady:
            return run_test()
        try:
            session.start(todo)
            end = self._play(test, session, channel)
        except (SubmissionError, Unrecorded) as error:
            return error
        if end is not None:
            return Mismatch(*end.failure) if end.failure else None
        channel.rewind()
        raised = run_test()
        if isinstance(raised, Unforeseen) or not channel.is_exhausted:
            self._unsteady.add(test)
            channel.discard()
            return Unforeseen()
        self._learn(test, session, channel, raised)
        return raised

    def _play(self, test: str, session: SubmissionSession, channel: ForeseeingChannel) -> Step | None:
        """Carry out what is foreseen. Return the last step where the test's end is known."""
        place: bytes | None = _start(test)
        while place is not None:
            step = self._steps.get(place)
            if step is None or not all(map(session.can_use, step.names)):
                return None
            self._steps.move_to_end(place)
            if not step.frames:
                return step
            place = _follow(place, channel.carry_out(step.frames))
        return None

    def _learn(
        self, test: str, session: SubmissionSession, channel: ForeseeingChannel, raised: BaseException | None
    ) -> None:
        names = frozenset(session.names_read)
        if not all(map(session.can_use, names)):
            return
        place = _start(test)
        for exchange in channel.exchanges:
            self._keep(place, Step(names, tuple(exchange.frames)))
            following = _follow(place, exchange)
            if following is None:
                return
            place = following
        if channel.is_whole and (raised is None or isinstance(raised, AssertionError)):
            outcome = judge(raised)
            failure = (outcome.message, outcome.hint, outcome.cause) if raised and outcome else None
            self._keep(place, Step(names, failure=failure))

    def _keep(self, place: bytes, step: Step) -> None:
        if place in self._steps:
            return
        self._steps[place] = step
        self._room -= _measure(step)
        while self._room < 0:
            _, oldest = self._steps.popitem(last=False)
            self._room += _measure(oldest)


def _start(test: str) -> bytes:
    return blake2b(test.encode()).digest()


def _follow(place: bytes, exchange: LiveExchange) -> bytes | None:
    """Return the place after an exchange; None if what comes then depends on more than replies."""
    if exchange.error is not None or any(map(is_raised, exchange.replies)):
        return None
    digest = blake2b(place)
    try:
        for reply in exchange.replies:
            digest.update(reply.packed)
    except (ProtocolError, RecursionError):
        return None  # too long or too deeply nested to be packed
    return digest.digest()


def _measure(step: Step) -> int:
    return STEP_BYTES + COPIES * sum(len(frame.packed) for frame in step.frames)
