"""Channels that record the replies of a submission, and that replay them in its place.

A test that asks the same as before, byte for byte, gets the recorded replies. One that asks anything else is run from
its beginning on a live channel: a live child need not give the replies that the test has had so far.
"""

import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

from grader.examiner.recording import MAX_REPLY_BYTES, Exchange, RecordedTest, Recording
from grader.model.verdict import SubmissionError, Verdict
from grader.wire.frames import Frame, ProtocolError, read_frame
from grader.wire.messages import Load

if TYPE_CHECKING:
    from grader.sandbox.channel import Channel

DIGEST_BYTES = 16


class Unrecorded(BaseException):
    """A test asks something that was not recorded, and must be run again. No Exception, so that no test catches it."""


@dataclass
class _OpenRecording:
    """A test that is being recorded; `spoiled` if it cannot be kept."""

    first: str = ""
    exchanges: list[Exchange] = field(default_factory=list)
    replies: bytearray = field(default_factory=bytearray)
    spoiled: bool = False


class RecordingChannel:
    """A live channel that records every test's exchanges."""

    def __init__(self, live: "Channel", *, room: int = MAX_REPLY_BYTES) -> None:
        """Keep at most `room` bytes of replies; tests beyond that are not recorded."""
        self.live = live
        self._room = room
        self._tests: dict[str, list[RecordedTest]] = {}
        self._open = _OpenRecording()

    @property
    def peak_kb(self) -> int:
        return self.live.peak_kb

    def start_test(self) -> bool:
        self._finish_test()
        return self.live.start_test()

    def ask(self, frames: Sequence[Frame]) -> list[Frame]:
        try:
            replies = self.live.ask(frames)
        except SubmissionError as error:
            self._note(frames, [], error)
            raise
        self._note(frames, replies, None)
        return replies

    def read_cpu_seconds(self) -> float:
        return self.live.read_cpu_seconds()

    @property
    def used_share(self) -> float:
        return self.live.used_share

    def close(self) -> None:
        """Close the live channel. The recording stays, and the same test may go on asking."""
        self.live.close()

    def list_tests(self) -> dict[str, list[RecordedTest]]:
        """Return the recorded tests, once the last one is over."""
        self._finish_test()
        return self._tests

    def _note(self, frames: Sequence[Frame], replies: Sequence[Frame], error: SubmissionError | None) -> None:
        # A load belongs to no test: the first test after it needs it.
        current = _OpenRecording() if is_load(frames) else self._open
        if current.spoiled:
            return
        try:
            asked = digest_frames(frames)
            packed = b"".join([reply.packed for reply in replies])
            current.first = current.first or digest_frames(frames[:1])
        except (ProtocolError, RecursionError):
            current.spoiled = True  # too deeply nested or too long to be packed again
            return
        verdict, message, lines = (error.verdict.value, error.message, error.lines) if error else ("", "", ())
        current.exchanges.append(Exchange(asked, len(replies), verdict, message, lines))
        current.replies += packed
        self._room -= len(packed)
        if self._room < 0:
            current.spoiled = True
            self._room += len(current.replies)
            current.replies.clear()
        is_whole_load = current is not self._open and not current.spoiled
        # Tests may share a load. If it went well once, a failure before or after was the machine's hiccup.
        if is_whole_load and (error is None or current.first not in self._tests):
            self._tests[current.first] = [RecordedTest(tuple(current.exchanges), bytes(current.replies))]

    def _finish_test(self) -> None:
        test, self._open = self._open, _OpenRecording()
        if test.first and not test.spoiled:
            exchanges, replies = tuple(test.exchanges), bytes(test.replies)
            recorded = RecordedTest(exchanges, replies, self.live.read_cpu_seconds(), self.live.used_share)
            self._tests.setdefault(test.first, []).append(recorded)


class _Playback:
    """A recorded test that is being played back."""

    def __init__(self, test: RecordedTest) -> None:
        self.test = test
        self._waiting = iter(test.exchanges)
        self._replies = io.BytesIO(test.replies)

    def play(self, frames: Sequence[Frame]) -> list[Frame]:
        """Return the replies of the next exchange. Raises its SubmissionError, or Unrecorded if it was another one."""
        exchange = next(self._waiting, None)
        if exchange is None or exchange.asked != digest_frames(frames):
            raise Unrecorded
        if exchange.verdict:
            raise SubmissionError(Verdict(exchange.verdict), exchange.message, lines=exchange.lines)
        try:
            return [read_frame(self._read_exactly) for _ in range(exchange.replies)]
        except (ProtocolError, EOFError) as error:
            raise Unrecorded from error

    def _read_exactly(self, count: int) -> bytes:
        data = self._replies.read(count)
        if len(data) < count:
            raise EOFError
        return data


class ReplayingChannel:
    """A recording in place of a submission, and behind it a live channel that is opened when the recording ends."""

    def __init__(self, recording: Recording, open_live: Callable[[], RecordingChannel]) -> None:
        self.recording = recording
        self._open_live = open_live
        self._live: RecordingChannel | None = None
        self._is_live = False
        self._has_diverged = False
        self._is_fresh = False
        self._loaded = ""
        self._load_replies: list[Frame] = []
        self._playback: _Playback | None = None
        self._played: Counter[str] = Counter()

    @property
    def peak_kb(self) -> int:
        """Return the peak of both, the recording and the live channel."""
        return max(self.recording.peak_kb, self._live.peak_kb if self._live else 0)

    def start_test(self) -> bool:
        """Play the recording again, or go live if the run before this one diverged from it."""
        self._playback = None
        self._is_live, self._has_diverged = self._has_diverged, False
        if self._is_live:
            self._live = self._live or self._open_live()
            self._is_fresh = self._live.start_test()
        # Whether to load anything live depends on which tests went live, which the session does not know.
        return True

    def ask(self, frames: Sequence[Frame]) -> list[Frame]:
        """Return the recorded replies. Raises the recorded error, and Unrecorded if this was not asked."""
        if self._is_live and self._live:
            if not is_load(frames):
                return self._live.ask(frames)
            asked = digest_frames(frames)
            if self._is_fresh or asked != self._loaded:
                self._loaded = ""
                self._load_replies = self._live.ask(frames)
                self._loaded = asked
            return self._load_replies
        if self._has_diverged:
            raise Unrecorded
        try:
            if is_load(frames):
                return self._open_playback(frames).play(frames)
            self._playback = self._playback or self._open_playback(frames)
            return self._playback.play(frames)
        except Unrecorded:
            self._has_diverged = True
            raise

    def read_cpu_seconds(self) -> float:
        """Return the CPU time of a live test, or the recorded one."""
        if self._is_live and self._live:
            return self._live.read_cpu_seconds()
        return self._playback.test.cpu_seconds if self._playback else 0.0

    @property
    def used_share(self) -> float:
        """Return the used share of a live test's limit, or the recorded one."""
        if self._is_live and self._live:
            return self._live.used_share
        return self._playback.test.used_share if self._playback else 0.0

    def close(self) -> None:
        """Close the live channel, if there is one."""
        if self._live:
            self._live.close()

    def list_tests(self) -> dict[str, list[RecordedTest]]:
        """Return the tests that were run live, and are not in the recording yet."""
        return self._live.list_tests() if self._live else {}

    def _open_playback(self, frames: Sequence[Frame]) -> _Playback:
        # A test that overran was run again: its runs are played in turn. A load is there once, for all tests.
        first = digest_frames(frames[:1])
        runs = self.recording.tests.get(first, ())
        number = 0 if is_load(frames) else self._played[first]
        if number >= len(runs):
            raise Unrecorded
        self._played[first] += 1
        return _Playback(runs[number])


def is_load(frames: Sequence[Frame]) -> bool:
    """Return whether these frames load the submission; a load is always sent by itself."""
    return frames[0].header.get("op") == Load.__name__


def digest_frames(frames: Sequence[Frame]) -> str:
    """Return a digest that identifies a group of requests."""
    digest = blake2b(digest_size=DIGEST_BYTES)
    for frame in frames:
        digest.update(frame.packed)
    return digest.hexdigest()
