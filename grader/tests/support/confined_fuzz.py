"""The confined intake as a whole, for a fuzzer: a class folder's entry of several files, read twice.

Once in this process, where the fuzzer sees which lines run, and once behind the wall. Both must say the same, unless a
limit was met; nothing may stay behind, and this process must not compute.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from grader.examiner import confined_reader
from grader.examiner.forbidden_names import make_canon
from grader.examiner.inspector import inspect_submission, list_fragments
from grader.examiner.source_findings import Rules
from grader.intake.entries import Entry, Listing
from grader.intake.submissions import open_path
from grader.intake.unpacking import confine_unpacking
from grader.model.assignment import Todo
from grader.model.errors import GraderFault, SubmissionRefused
from grader.model.submission import Submission
from grader.sandbox import reader
from grader.sandbox.isolation import Isolation
from grader.sandbox.reader import Answer, ConfinedReader
from grader.tests.support.intake_samples import make_archive, make_notebook, make_zip
from grader.wire.frames import Frame

MODULE = "attention.py"
NAMES = (
    MODULE,
    "attention (1).py",
    "attention.ipynb",
    "과제.py",
    "work.zip",
    "work.tar.gz",
    "work",
    "work.7z",
    "a.rar",
)
KINDS = ("file", "below", "zip", "tar.gz", "tar.xz", "7z", "zip in zip", "notebook", "link", "hard link", "pipe")
# Words of a refusal that a limit gives, or the trusted side alone; without the wall there is none of them.
LIMITED = ("seconds of computing", "too much memory", "too much room", "ended the process")
NOT_OPENED = "(a hard link)"
# What this process may compute for one submission: a hundred times what it takes.
MOST_SECONDS = 0.5
TODO = Todo(id="one", title="One", points=1, where=("LuongAttention",), forbid=("math.sqrt", "json.loads"))
RULES = Rules((TODO,), "import math\n\n\nclass LuongAttention:\n    pass\n", ("LuongAttention", "LuongAttention.score"))


class Library(confined_reader.Conversation):
    """The other side of a conversation in one process."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        self.canon = make_canon(RULES.todos)

    def open(self, number: int) -> IO[bytes]:
        """Open a file."""
        return self.entries[number].open()

    def look_up(self, owner: str, name: str) -> str:
        """Find a name among the objects of this process."""
        return self.canon.step(owner, name)


class TwiceReader(ConfinedReader):
    """A reader that answers each request in this process, too, and compares."""

    def __init__(self) -> None:
        super().__init__(Isolation.BWRAP)
        self.entries: list[Entry] = []
        self.counts: Counter[str] = Counter()
        self.most_seconds = 0.0

    def ask(self, header: Mapping[str, Any], block: bytes = b"", answer: Answer = lambda *_: None) -> bytes:
        """Return the reply from behind the wall. Raises AssertionError where it differs from that without."""
        here = confined_reader.answer(Frame(dict(header), block), Library(self.entries))
        assert "fault" not in here.header, here.header
        started = time.process_time()
        self.counts["asked"] += 1
        try:
            there = super().ask(header, block, answer)
        except SubmissionRefused as refusal:
            if any(words in str(refusal) for words in LIMITED):
                self.counts["limits met"] += 1
            elif NOT_OPENED not in str(refusal):
                # The side that opens a file may refuse it, too.
                said = here.header.get("refused") or json.loads(here.block)["refused"]
                assert said and said in str(refusal), (here, refusal)
            raise
        finally:
            self.most_seconds = max(self.most_seconds, time.process_time() - started)
        assert self.most_seconds < MOST_SECONDS
        assert there == here.block
        return there


class ConfinedIntake:
    """The functions that the fuzzer calls, and a record of what it has seen so far."""

    def __init__(self) -> None:
        confine_unpacking()
        self.reader = TwiceReader()
        reader.open_reader = lambda _: self.reader  # type: ignore[assignment]
        self.executions = 0

    def read(self, place: Path, data: bytes) -> None:
        """Hand in what the bytes stand for, read and inspect it."""
        self.executions += 1
        path = place / "handed_in"
        path.mkdir()
        for number, (kind, name, content) in enumerate(_list_files(data)):
            _write(path, kind, name, content, number)
        if data and data[0] & 0x80 and (first := next(iter(sorted(path.iterdir())), None)):
            path = first
        before = sorted(str(item) for item in place.rglob("*"))
        with suppress(SubmissionRefused, GraderFault, OSError):
            files = open_path(path, MODULE).files
            self.reader.entries = files.entries if isinstance(files, Listing) else [files]
        submission = self.reader.read_submission(path, module=MODULE, defines=["LuongAttention"])
        self.reader.counts["refused" if submission.refused else "read"] += 1
        with suppress(SubmissionRefused):
            self._ask_more(path, submission)
        assert sorted(str(item) for item in place.rglob("*")) == before
        if self.executions % 100 == 0:
            self._look_for_processes()

    def _ask_more(self, path: Path, submission: Submission) -> None:
        # One more question for each: a child takes a hundred times as long as what it does.
        number = self.executions % 4
        if number == 0:
            self.reader.find_candidate(path, module=MODULE, defines=["LuongAttention"], name="mine.py")
        elif number == 1 and not submission.refused:
            list_fragments(submission.source, Isolation.BWRAP)
        elif not submission.refused:
            inspect_submission(submission, RULES, Isolation.BWRAP)

    def summarise(self) -> str:
        """Say in one line what was seen."""
        counts = self.reader.counts
        return (
            f"{self.executions} executions, {counts['read']} read, {counts['refused']} refused, "
            f"{counts['limits met']} limits met; {counts['asked']} requests behind the wall; "
            f"this process computed at most {self.reader.most_seconds:.3f} s for one"
        )

    def _look_for_processes(self) -> None:
        # Of the zygote only: every child of it must have ended.
        jail = self.reader._jail
        assert jail is not None
        [zygote] = _list_children(jail.process.pid)
        assert _list_children(zygote) == []


def _list_children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _list_files(data: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Split bytes into up to four files: two bytes choose kind and name, two give the length."""
    rest = data[1:]
    for last in (False, False, False, True):
        if len(rest) < 4:
            return
        kind, name, length = rest[0], rest[1], int.from_bytes(rest[2:4], "little")
        content, rest = (rest[4:], b"") if last else (rest[4 : 4 + length], rest[4 + length :])
        yield KINDS[kind % len(KINDS)], NAMES[name % len(NAMES)], content


def _write(folder: Path, kind: str, name: str, content: bytes, number: int) -> None:
    path = folder / ("hw" if kind == "below" else "") / name
    if os.path.lexists(path):
        return  # never through a link or into a pipe that an earlier file made
    match kind:
        case "below":
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        case "zip":
            path.write_bytes(make_zip({f"hw/{MODULE}": content, "notes.txt": b"x"}))
        case "zip in zip":
            path.write_bytes(make_zip({"inner.zip": make_zip({MODULE: content})}))
        case "tar.gz":
            path.write_bytes(make_archive({MODULE: content}, "gnutar", "gzip"))
        case "tar.xz":
            path.write_bytes(make_archive({MODULE: content}, "gnutar", "xz"))
        case "7z":
            path.write_bytes(make_archive({MODULE: content}, "7zip"))
        case "notebook":
            path.write_text(make_notebook(*content.decode("utf-8", "replace").split("\f")))
        case "link":
            # What it leads to would be read as a submission.
            (folder.parent / f"secret{number}").write_bytes(content)
            path.symlink_to(folder.parent / f"secret{number}")
        case "hard link":
            (folder.parent / f"secret{number}").write_bytes(content)
            os.link(folder.parent / f"secret{number}", path)
        case "pipe":
            os.mkfifo(path)
        case _:
            path.write_bytes(content)
