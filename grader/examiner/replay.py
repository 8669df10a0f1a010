"""Channels that keep what a submission answers, and that answer in its place.

Made by `grading`. A test that asks what it asked before, byte for byte, is told what it was told before. One that asks
anything else is run from its beginning on a live channel: what it has heard so far need not be what a live child would
say.
"""

import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

from grader.examiner.recording import MAX_ANSWER_BYTES, Exchange, RecordedTest, Recording
from grader.model.verdict import SubmissionError, Verdict
from grader.wire.frames import Frame, ProtocolError, pack_frame, read_frame
from grader.wire.messages import Load

if TYPE_CHECKING:
    from grader.sandbox.channel import Channel

DIGEST_BYTES = 16


class Unrecorded(BaseException):
    """A test asks what was not asked before: it is to be run again. Not for a test to catch, so no Exception."""


@dataclass
class _OpenRecording:
    """A take that is not over yet; `spoiled` where it is not to be kept."""

    first: str = ""
    exchanges: list[Exchange] = field(default_factory=list)
    answers: bytearray = field(default_factory=bytearray)
    spoiled: bool = False


class RecordingChannel:
    """A live channel of which every test's exchanges are kept."""

    def __init__(self, live: "Channel", *, room: int = MAX_ANSWER_BYTES) -> None:
        """Keep at most `room` bytes of answers; tests that would be more are not kept."""
        self.live = live
        self._room = room
        self._takes: dict[str, list[RecordedTest]] = {}
        self._draft = _OpenRecording()

    @property
    def peak_kb(self) -> int:
        """The live channel's."""
        return self.live.peak_kb

    def start_test(self) -> bool:
        """The live channel's; what comes from now on is another take."""
        self._finish_take()
        return self.live.start_test()

    def ask(self, frames: Sequence[Frame]) -> list[Frame]:
        """The live channel's answers, or its mishap; either is kept."""
        try:
            replies = self.live.ask(frames)
        except SubmissionError as mishap:
            self._note(frames, [], mishap)
            raise
        self._note(frames, replies, None)
        return replies

    def read_cpu_seconds(self) -> float:
        """The live channel's."""
        return self.live.read_cpu_seconds()

    def close(self) -> None:
        """Close the live channel. What was kept stays; the same test may go on asking."""
        self.live.close()

    def list_takes(self) -> dict[str, list[RecordedTest]]:
        """What was kept, once the last test is over."""
        self._finish_take()
        return self._takes

    def _note(self, frames: Sequence[Frame], replies: Sequence[Frame], mishap: SubmissionError | None) -> None:
        # A load belongs to no test: whichever comes first needs it.
        draft = _OpenRecording() if is_load(frames) else self._draft
        if draft.spoiled:
            return
        try:
            asked = digest_frames(frames)
            answers = b"".join(map(pack_frame, replies))
            draft.first = draft.first or digest_frames(frames[:1])
        except (ProtocolError, RecursionError):
            draft.spoiled = True  # nested or long beyond what can be written down again
            return
        verdict, message = (mishap.verdict.value, mishap.message) if mishap else ("", "")
        draft.exchanges.append(Exchange(asked, len(replies), verdict, message))
        draft.answers += answers
        self._room -= len(answers)
        if self._room < 0:
            draft.spoiled = True
            self._room += len(draft.answers)
            draft.answers.clear()
        if draft is not self._draft and not draft.spoiled:
            self._keep_load(draft, failed=mishap is not None)

    def _keep_load(self, draft: _OpenRecording, *, failed: bool) -> None:
        # Tests may share a load; where it went well once, what came before or after was the machine's hiccup.
        if not failed or draft.first not in self._takes:
            self._takes[draft.first] = [RecordedTest(tuple(draft.exchanges), bytes(draft.answers))]

    def _finish_take(self) -> None:
        draft, self._draft = self._draft, _OpenRecording()
        if draft.first and not draft.spoiled:
            take = RecordedTest(tuple(draft.exchanges), bytes(draft.answers), self.live.read_cpu_seconds())
            self._takes.setdefault(draft.first, []).append(take)


class _Playback:
    """A take that is being played back."""

    def __init__(self, take: RecordedTest) -> None:
        self.take = take
        self._waiting = iter(take.exchanges)
        self._answers = io.BytesIO(take.answers)

    def play(self, frames: Sequence[Frame]) -> list[Frame]:
        """The replies to the next exchange. Raises its Mishap, or Unrecorded where it was another one."""
        exchange = next(self._waiting, None)
        if exchange is None or exchange.asked != digest_frames(frames):
            raise Unrecorded
        if exchange.verdict:
            raise SubmissionError(Verdict(exchange.verdict), exchange.message)
        try:
            return [read_frame(self._read_exactly) for _ in range(exchange.replies)]
        except (ProtocolError, EOFError) as error:
            raise Unrecorded from error

    def _read_exactly(self, count: int) -> bytes:
        data = self._answers.read(count)
        if len(data) < count:
            raise EOFError
        return data


class ReplayingChannel:
    """A recording in place of a submission, and behind it a live channel that is opened where the recording ends."""

    def __init__(self, recording: Recording, open_live: Callable[[], RecordingChannel]) -> None:
        self.recording = recording
        self._open_live = open_live
        self._live: RecordingChannel | None = None
        self._is_live = False
        self._has_strayed = False
        self._is_fresh = False
        self._loaded = ""
        self._load_replies: list[Frame] = []
        self._tape: _Playback | None = None
        self._played: Counter[str] = Counter()

    @property
    def peak_kb(self) -> int:
        """The most that was taken, then or now."""
        return max(self.recording.peak_kb, self._live.peak_kb if self._live else 0)

    def start_test(self) -> bool:
        """Play the recording again, or go live where the run before this one strayed from it."""
        self._tape = None
        self._is_live, self._has_strayed = self._has_strayed, False
        if self._is_live:
            self._live = self._live or self._open_live()
            self._is_fresh = self._live.start_test()
        # Whether something is to be loaded live depends on which tests went live, of which the subject knows nothing.
        return True

    def ask(self, frames: Sequence[Frame]) -> list[Frame]:
        """What was answered then. Raises what was raised then, and Unrecorded where it was not asked."""
        if self._is_live and self._live:
            return self._load(frames, self._live) if is_load(frames) else self._live.ask(frames)
        try:
            return self._play(frames)
        except Unrecorded:
            self._has_strayed = True
            raise

    def read_cpu_seconds(self) -> float:
        """Of a test that is live, its own; of any other, what it took then."""
        if self._is_live and self._live:
            return self._live.read_cpu_seconds()
        return self._tape.take.cpu_seconds if self._tape else 0.0

    def close(self) -> None:
        """Close the live channel, where there is one."""
        if self._live:
            self._live.close()

    def list_takes(self) -> dict[str, list[RecordedTest]]:
        """What was answered live, and is not in the recording yet."""
        return self._live.list_takes() if self._live else {}

    def _load(self, frames: Sequence[Frame], live: RecordingChannel) -> list[Frame]:
        asked = digest_frames(frames)
        if self._is_fresh or asked != self._loaded:
            self._loaded = ""
            self._load_replies = live.ask(frames)
            self._loaded = asked
        return self._load_replies

    def _play(self, frames: Sequence[Frame]) -> list[Frame]:
        if self._has_strayed:
            raise Unrecorded
        if is_load(frames):
            return self._open_tape(frames).play(frames)
        if self._tape is None:
            self._tape = self._open_tape(frames)
        return self._tape.play(frames)

    def _open_tape(self, frames: Sequence[Frame]) -> _Playback:
        # A test that overran was run again: its takes are played in turn. A load is there once, for all tests.
        first = digest_frames(frames[:1])
        takes = self.recording.takes.get(first, ())
        number = 0 if is_load(frames) else self._played[first]
        if number >= len(takes):
            raise Unrecorded
        self._played[first] += 1
        return _Playback(takes[number])


def is_load(frames: Sequence[Frame]) -> bool:
    """Whether the submission is (again) to be loaded; that is always asked by itself."""
    return frames[0].header.get("op") == Load.__name__


def digest_frames(frames: Sequence[Frame]) -> str:
    """By which requests are known again, byte for byte."""
    digest = blake2b(digest_size=DIGEST_BYTES)
    for frame in frames:
        digest.update(pack_frame(frame))
    return digest.hexdigest()
