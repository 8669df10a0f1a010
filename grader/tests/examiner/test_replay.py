"""Channels that record and replay: what is asked again is answered as it was, what is not goes live."""

from collections.abc import Sequence
from typing import Any

import pytest

from grader.examiner.recording import Recording
from grader.examiner.replay import RecordingChannel, ReplayingChannel, Unrecorded
from grader.model.submission import Submission
from grader.model.verdict import SubmissionError, Verdict
from grader.wire.frames import Frame

SUBMISSION = Submission("id", "kim", source="def double(number): ...")
LOAD = Frame({"op": "Load", "seq": 0, "body": {"source": "text"}})


class LiveChannel:
    """A fake: answers every call with what was asked and a count; a call that asks for a mishap gets it."""

    def __init__(self) -> None:
        self.peak_kb = 7
        self.used_share = 0.125
        self.asked: list[str] = []
        self.is_loaded = False

    def start_test(self) -> bool:
        """Fresh until something was loaded."""
        return not self.is_loaded

    def ask(self, frames: Sequence[Frame]) -> list[Frame]:
        """An answer to each."""
        self.asked += [frame.header["op"] for frame in frames]
        self.is_loaded = True
        for frame in frames:
            if frame.header["op"] == "hang":
                self.close()
                raise SubmissionError(Verdict.TIMED_OUT, "stopped after 2 seconds", lines=(3, 5))
        return [Frame({"seq": frame.header["seq"], "value": len(self.asked)}, b"block") for frame in frames]

    def read_cpu_seconds(self) -> float:
        """Always the same."""
        return 0.25

    def close(self) -> None:
        """Forget what was loaded."""
        self.is_loaded = False


class Asker:
    """Runs tests as a subject does: a load where there must be one, then the first request and the others."""

    def __init__(self, channel: Any) -> None:
        self.channel = channel

    def run(self, name: str, *requests: str) -> list[Frame]:
        """All replies to the requests of one test, which is run again where it strayed from the recording."""
        try:
            return self.try_once(name, *requests)
        except Unrecorded:
            return self.try_once(name, *requests)

    def try_once(self, name: str, *requests: str) -> list[Frame]:
        """The same, once."""
        replies = []
        if self.channel.start_test():
            replies += self.channel.ask([LOAD])
        ops = [name, *requests]
        for number, op in enumerate(ops, start=1):
            replies += self.channel.ask([Frame({"op": op, "seq": number})])
        return replies


def record(*tests: Sequence[str], room: int = 1 << 20) -> Recording:
    """Record the answers of a live channel to these tests."""
    channel = RecordingChannel(LiveChannel(), room=room)
    for test in tests:
        try:
            Asker(channel).run(*test)
        except SubmissionError:
            pass
    return Recording(SUBMISSION, channel.list_tests(), channel.peak_kb)


def replay(recording: Recording, live: LiveChannel | None = None) -> Asker:
    """Over a recording; without a live channel, to open one fails."""

    def open_live() -> RecordingChannel:
        assert live is not None, "a child was opened"
        return RecordingChannel(live)

    return Asker(ReplayingChannel(recording, open_live))


def test_what_was_asked_is_answered_without_a_child():
    """The very replies, blocks and all."""
    live = RecordingChannel(LiveChannel())
    told = Asker(live).run("one", "a", "b")
    again = replay(Recording(SUBMISSION, live.list_tests()))
    assert again.run("one", "a", "b") == told
    assert again.channel.list_tests() == {}


def test_tests_may_be_replayed_in_any_order_and_some_not_at_all():
    """Each is found by its first request; the load, which only the first one did, is there for all."""
    tester = replay(record(["one", "a"], ["two", "b"], ["three"]))
    assert [tester.run(name, *rest)[-1].header["seq"] for name, *rest in (["two", "b"], ["one", "a"])] == [2, 2]


def test_a_test_that_asks_less_needs_no_child():
    """As far as it goes it asks the same."""
    assert len(replay(record(["one", "a", "b"])).run("one", "a")) == 3


@pytest.mark.parametrize("changed", [["one", "other"], ["one", "a", "b", "more"], ["another", "a"]])
def test_a_test_that_asks_something_else_goes_live_from_its_beginning(changed):
    """Another request, one more, or another test: the live child is named all of it, the load first."""
    live = LiveChannel()
    assert replay(record(["one", "a", "b"]), live).run(*changed)
    assert live.asked == ["Load", *changed]


def test_after_a_live_test_the_next_one_is_replayed():
    """And a second live test needs no second load."""
    live = LiveChannel()
    tester = replay(record(["one", "a"], ["two", "b"]), live)
    for test in (["one", "x"], ["two", "b"], ["two", "y"]):
        tester.run(*test)
    assert live.asked == ["Load", "one", "x", "two", "y"]


def test_a_child_that_was_lost_is_loaded_anew():
    """The live channel says so, as it does without a recording."""
    live = LiveChannel()
    tester = replay(record(["one", "a"]), live)
    with pytest.raises(SubmissionError):
        tester.run("one", "hang")
    tester.run("one", "x")
    assert live.asked == ["Load", "one", "hang", "Load", "one", "x"]


def test_what_was_answered_live_can_be_replayed_next_time():
    """The newer take of the test stands in the older one's place."""
    recording = record(["one", "a"], ["two", "b"])
    tester = replay(recording, LiveChannel())
    told = tester.run("one", "x")
    grown = recording.extend(tester.channel.list_tests(), tester.channel.peak_kb)
    assert replay(grown).run("one", "x") == told
    assert replay(grown).run("two", "b")


def test_a_mishap_is_replayed_as_itself():
    """Verdict, words and lines; no child hangs a second time."""
    with pytest.raises(SubmissionError) as caught:
        replay(record(["one", "hang"])).run("one", "hang")
    found = caught.value
    assert (found.verdict, found.message, found.lines) == (Verdict.TIMED_OUT, "stopped after 2 seconds", (3, 5))


def test_a_test_that_was_run_twice_has_two_takes():
    """As one that overran: the second run is answered as the second one was."""
    tester = replay(record(["one", "hang"], ["one", "a"]))
    with pytest.raises(SubmissionError):
        tester.run("one", "hang")
    assert tester.run("one", "a")


def test_a_load_that_went_wrong_is_replayed_for_every_test():
    """There is no first request of a test to find it by."""
    channel = RecordingChannel(LiveChannel())
    channel.live.ask = refuse_load
    for _ in range(2):
        with pytest.raises(SubmissionError, match="in its first line"):
            Asker(channel).run("one")
    tester = replay(Recording(SUBMISSION, channel.list_tests()))
    for _ in range(2):
        with pytest.raises(SubmissionError, match="in its first line"):
            tester.run("one")


def refuse_load(frames: Sequence[Frame]) -> list[Frame]:
    """A submission that does not live to be loaded."""
    raise SubmissionError(Verdict.CRASHED, "ended in its first line")


def test_the_time_and_the_memory_that_it_took_are_kept():
    """They are the submission's, not the grader's."""
    tester = replay(record(["one", "a"]))
    tester.run("one", "a")
    assert (tester.channel.read_cpu_seconds(), tester.channel.used_share, tester.channel.peak_kb) == (0.25, 0.125, 7)


def test_what_answers_too_much_is_not_kept():
    """The test that is beyond the limit, and not those beside it."""
    recording = record(["one"], ["two", *"abcdefgh"], ["three"], room=160)
    live = LiveChannel()
    tester = replay(recording, live)
    for test in (["one"], ["three"], ["two", *"abcdefgh"]):
        tester.run(*test)
    assert live.asked == ["Load", "two", *"abcdefgh"]


def test_what_cannot_be_written_down_is_not_kept():
    """A reply that is nested beyond what Python writes: that test is asked again, live."""
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    channel = RecordingChannel(LiveChannel())
    channel.live.ask = lambda frames: [Frame({"seq": 1, "value": nested})]
    Asker(channel).run("one")
    assert channel.list_tests() == {}
