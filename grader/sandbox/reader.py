"""Read what a student handed in behind the wall: this process only opens files, hashes and checks a reply.

Each submission is read by a child of its own, forked from a zygote that has nothing but the intake. A child that
overruns its limits, or dies, costs one submission: it is refused with a sentence.
"""

import atexit
import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from grader.intake.candidates import Candidate
from grader.intake.definitions import Extract
from grader.intake.entries import Entry, Listing
from grader.intake.folder import open_regular
from grader.intake.submissions import Opened, find_path, name_unreadable, open_path, refuse
from grader.model.assignment import Limits
from grader.model.digests import identify
from grader.model.errors import BrokenJail, GraderFault, SubmissionNotFound, SubmissionRefused
from grader.model.submission import SourceFile, Submission
from grader.model.verdict import SubmissionError, Verdict
from grader.sandbox.channel import STOP_TOP_LEVEL_AT, JailChannel
from grader.sandbox.isolation import Isolation
from grader.sandbox.jail import Jail, choose_isolation
from grader.sandbox.start import Program
from grader.wire.frames import Frame

# Five times what the largest source that is accepted takes.
LIMITS = Limits(
    cpu_seconds=5, asleep_seconds=10, total_cpu_seconds=120, memory_mb=512, disk_mb=544, threads=4, open_files=256
)
# The files of a submission that are looked at: no more are opened.
MOST_OPENED = 200
MAX_REPLY = 16 << 20
# What one reading may ask for in all.
MOST_QUESTIONS = 20_000
# A descriptor of a file can change more than the file's contents where its owner is this user.
PROGRAM = Program(
    module="grader.examiner.confined_reader",
    folders=("wire", "jail", "model", "intake", "examiner"),
    libraries=("libarchive.so.13",),
    refused_calls="fchmod fchmodat chmod utimensat flock",
)

# The answer to a child's question; none where it asks for what is not there.
Answer = Callable[[JailChannel, Frame], Frame | None]

_SUBMISSION = TypeAdapter(Submission)


@dataclass(frozen=True)
class _Found:
    """A child's account of the file that is the submission."""

    path: str
    size: int
    modified: float
    file: SourceFile
    extract: Extract | None


_FOUND = TypeAdapter(_Found | None)


class ConfinedReader:
    """A zygote with the intake in it. One submission at a time: what reads side by side has a reader each."""

    def __init__(self, isolation: Isolation) -> None:
        """Keep the level of isolation; the zygote is started when it is first needed, and again where it is gone."""
        self.isolation = isolation
        self._jail: Jail | None = None
        self._channel: JailChannel | None = None
        self._is_kept = False
        self._lock = threading.RLock()

    @contextmanager
    def keep_child(self) -> Iterator[None]:
        """Let one child answer all that is asked inside. It must be about one submission."""
        with self._lock:
            self._is_kept = True
            try:
                yield
            finally:
                self._is_kept = False
                self._end_child()

    def read_submission(
        self, path: Path, *, module: str, defines: Collection[str] = (), student: str = ""
    ) -> Submission:
        """Read a submission as `intake.read_submission` does. What overruns the limits is refused.

        Raises SubmissionNotFound where nothing can be read at `path`, GraderFault where this machine is at fault.
        """
        with name_unreadable(path):
            try:
                opened = open_path(find_path(path), module)
                reply = self._ask_about(opened, {"do": "read", "module": module, "defines": list(defines)})
                return replace(_check(_SUBMISSION, reply, opened, module), student=student)
            except SubmissionRefused as refusal:
                return refuse(module, str(refusal), student=student)

    def find_candidate(
        self, path: Path, *, module: str, defines: Collection[str] = (), name: str = ""
    ) -> Candidate | None:
        """Return the file that is the submission at `path`, as `intake.submissions.find_candidate` does."""
        try:
            opened = open_path(path, module)
            fields = {"do": "find", "module": module, "defines": list(defines), "called": name}
            reply = self._ask_about(opened, fields)
            found = _FOUND.validate_json(reply)
        except (SubmissionRefused, SubmissionNotFound, OSError, ValidationError):
            return None  # why it cannot be read is said where it is graded
        if found is None:
            return None
        return Candidate(
            Entry(found.path, found.size, partial(open_regular, path), found.modified), found.file, found.extract
        )

    def close(self) -> None:
        """End the zygote."""
        self._end_child()
        self._end_zygote()

    def ask(self, header: Mapping[str, Any], block: bytes = b"", answer: Answer = lambda *_: None) -> bytes:
        """Return the reply of a child to a request. `answer` is called for each question that it has.

        The child is a fresh one, unless `keep_child` keeps one.

        Raises SubmissionRefused with the child's reason, or for what it overran.
        """
        with self._lock:
            try:
                reply = self._converse(Frame(dict(header), block), answer)
            except SubmissionError as error:
                raise SubmissionRefused(_explain(error, header["name"])) from error
            except BrokenJail:
                self.close()
                raise
            finally:
                if not self._is_kept:
                    self._end_child()
        if "fault" in reply.header:
            raise GraderFault(str(reply.header["fault"])[:2000])
        if "refused" in reply.header:
            raise SubmissionRefused(f"{header['name']} was not read: {str(reply.header['refused'])[:2000]}")
        return reply.block

    def _ask_about(self, opened: Opened, fields: Mapping[str, Any]) -> bytes:
        is_folder = isinstance(opened.files, Listing)
        entries = opened.files.entries if isinstance(opened.files, Listing) else [opened.files]
        header = {
            **fields,
            "name": opened.name,
            "is_folder": is_folder,
            "files": [[entry.path, entry.size, entry.modified] for entry in entries],
            "notes": opened.files.notes if isinstance(opened.files, Listing) else [],
        }
        try:
            return self.ask(header, answer=_Files(entries).answer)
        except GraderFault:
            # The child or its zygote was killed from outside: another one may read it. A submission cannot cause that.
            return self.ask(header, answer=_Files(entries).answer)

    def _converse(self, request: Frame, answer: Answer) -> Frame:
        if self._jail is None:
            self._jail = Jail((), self.isolation, program=PROGRAM)
        if self._channel is None:
            self._channel = JailChannel(self._jail, LIMITS, stop_test_at=STOP_TOP_LEVEL_AT)
        self._channel.start_test()
        [reply] = self._channel.ask([request])
        for _ in range(MOST_QUESTIONS):
            if not reply.header.keys().isdisjoint(("done", "refused", "fault")):
                return reply
            found = answer(self._channel, reply)
            if found is None:
                break
            [reply] = self._channel.ask([found])
        self._end_child()
        raise SubmissionError(Verdict.MALFORMED_REPLY, "the child asks for what is not there")

    def _end_child(self) -> None:
        channel, self._channel = self._channel, None
        try:
            if channel is not None:
                channel.close()
        except BrokenJail:
            # The child went with its zygote, and its reply is here already: only the next one needs another zygote.
            self._end_zygote()

    def _end_zygote(self) -> None:
        if self._jail is not None:
            self._jail.close()
            self._jail = None


class _Files:
    """The files of one submission, for a child that asks for them by number."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries
        self._opened = 0

    def answer(self, channel: JailChannel, question: Frame) -> Frame | None:
        """Open a file for the child."""
        number = question.header.get("open")
        self._opened += 1
        if type(number) is not int or not 0 <= number < len(self._entries) or self._opened > MOST_OPENED:
            return None
        with self._entries[number].open() as stream:
            if os.fstat(stream.fileno()).st_nlink != 1:
                raise SubmissionRefused(
                    f"{self._entries[number].name} has another name on this machine (a hard link), which could be "
                    "anybody's file: hand in a copy"
                )
            channel.hand_over(stream.fileno())
        return Frame({})


def _explain(error: SubmissionError, name: str) -> str:
    if error.verdict is Verdict.TIMED_OUT:
        return (
            f"{name} was not read: to read it takes more than {LIMITS.cpu_seconds:g} seconds of computing; "
            "hand in the assignment's code only"
        )
    return f"{name} was not read: reading it ended the process that does; hand in the assignment's code only"


def _check(adapter: TypeAdapter[Submission], reply: bytes, opened: Opened, module: str) -> Submission:
    """Return the submission of a reply. Its id is made here: a forged one would take another student's result."""
    try:
        if len(reply) > MAX_REPLY:
            raise ValueError("too long")
        found = adapter.validate_json(reply)
    except ValueError as error:  # pydantic's own among them
        raise SubmissionRefused(_explain(SubmissionError(Verdict.MALFORMED_REPLY, ""), opened.name)) from error
    if found.refused or not found.origins:
        reason = found.refused or _explain(SubmissionError(Verdict.MALFORMED_REPLY, ""), opened.name)
        return refuse(module, reason, found.files)
    return replace(found, id=identify(module, found.source))


_READERS: dict[Isolation, ConfinedReader] = {}


def open_reader(isolation: str | None) -> ConfinedReader:
    """Return this process's reader at that level of isolation; it is closed when the process ends."""
    level = choose_isolation(isolation)
    if level not in _READERS:
        _READERS[level] = ConfinedReader(level)
    return _READERS[level]


@atexit.register
def close_readers() -> None:
    """End every zygote of this process."""
    while _READERS:
        _READERS.popitem()[1].close()


def read_confined(
    path: Path, *, isolation: str | None, module: str, defines: Collection[str] = (), student: str = ""
) -> Submission:
    """Read a submission with this process's reader."""
    return open_reader(isolation).read_submission(path, module=module, defines=defines, student=student)
