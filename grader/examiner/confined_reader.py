"""Inside the wall: read what one student handed in, or inspect its source, and nothing else.

The process is a child of a zygote, like one that runs a submission, and knows one submission only. It opens no file by
name: it asks for the files of a listing by number, and is handed a descriptor that can only be read.
"""

import codecs
import io
import json
import os
import socket
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import IO, TYPE_CHECKING, Any, cast

from grader.examiner.fragments import split_source
from grader.examiner.inspection import inspect_source
from grader.examiner.source_findings import Rules
from grader.intake.entries import Entry, Listing
from grader.intake.submissions import Opened, find_opened, read_opened
from grader.intake.unpacking import confine_unpacking
from grader.model.assignment import Todo
from grader.model.errors import GraderFault, SubmissionRefused
from grader.wire.frames import Frame, Inbox, pack_frame, read_frame

# Every child needs these codecs, and at some levels of isolation it cannot import them any more.
for encoding in ("utf-8-sig", "cp949"):
    codecs.lookup(encoding)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# What is known of a submission is much smaller than the submission, unless somebody made it not to be.
MAX_REPLY = 16 << 20
# Something of each kind that is read, for the first time in the zygote.
SAMPLE = b"""import math

class Sample:
    def work(self, x: int = 0) -> float:
        return [math.sqrt(y) for y in range(x)]

print(f"{Sample().work()}")
"""


@dataclass
class Conversation:
    """The channel to the other side, which opens files by number and knows what a library's names stand for."""

    connection: socket.socket
    inbox: Inbox
    descriptors: dict[int, int] = field(default_factory=dict)

    def open(self, number: int) -> IO[bytes]:
        """Return the file as a stream with a position of its own."""
        if number not in self.descriptors:
            self.connection.sendall(pack_frame(Frame({"open": number})))
            _, descriptors, _, _ = socket.recv_fds(self.connection, 1, 1)
            read_frame(self.inbox.read_exactly)
            self.descriptors[number] = descriptors[0]
        return _open_view(self.descriptors[number])

    def look_up(self, owner: str, name: str) -> str:
        """Return the canonical name of an attribute, as `examiner.canonical` has it."""
        self.connection.sendall(pack_frame(Frame({"owner": owner, "name": name})))
        return str(read_frame(self.inbox.read_exactly).header["found"])


def _open_view(descriptor: int) -> IO[bytes]:
    return cast(IO[bytes], io.BufferedReader(_View(descriptor)))


class _View(io.RawIOBase):
    """A file by its descriptor, which others read too: the position is kept here."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._position = descriptor, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def readinto(self, buffer: "WriteableBuffer") -> int:
        count = os.preadv(self._descriptor, [buffer], self._position)
        self._position += count
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position}.get(whence)
        position = offset + (os.fstat(self._descriptor).st_size if start is None else start)
        if position < 0:
            raise ValueError(f"a position before the beginning: {position}")
        self._position = position
        return position


def warm_up(_device: str) -> None:
    """Read a sample in the zygote, so that no child pays for what is loaded and cached for the first."""
    with tempfile.TemporaryFile() as file:
        file.write(SAMPLE)
        file.flush()
        entry = Entry("sample.py", len(SAMPLE), partial(_open_view, file.fileno()))
        read = read_opened(Opened("sample.py", entry), module="sample.py", defines=["Sample"])
    todo = Todo(id="sample", title="", points=1, where=("Sample",), forbid=("math.sqrt",))
    inspect_source(read.source, Rules((todo,), read.source, ("Sample",)), lambda owner, name: f"{owner}.{name}")
    json.dumps(asdict(read), ensure_ascii=False)


def serve(connection: socket.socket) -> None:
    """Answer what is asked about one submission, until this process is ended."""
    confine_unpacking()
    inbox = Inbox(connection.recv)
    while True:
        request = read_frame(inbox.read_exactly)
        connection.sendall(pack_frame(answer(request, Conversation(connection, inbox))))


def answer(request: Frame, other: Conversation) -> Frame:
    """Return what was asked for as JSON, or a sentence that says why there is none."""
    try:
        reply = json.dumps(_TASKS[request.header["do"]](request, other), ensure_ascii=False).encode()
    except (SubmissionRefused, SyntaxError) as refusal:
        return Frame({"refused": str(refusal)[:2000]})
    except GraderFault as fault:
        return Frame({"fault": str(fault)[:2000]})
    except RecursionError:
        return Frame({"refused": "it is nested too deeply to be read: simplify it and hand it in again"})
    except MemoryError:
        return Frame({"refused": "to read it takes too much memory: hand in the assignment's code only"})
    except OSError as error:
        # The only files that are written here are temporary, and their folder holds so much.
        return Frame({"refused": f"to unpack it takes too much room ({error.strerror}): hand in the code only"})
    except Exception as error:  # noqa: BLE001 - the edge of the process: the other side judges it
        return Frame({"fault": f"reading it failed: {type(error).__name__}: {error}"[:2000]})
    if len(reply) > MAX_REPLY:
        return Frame({"refused": "its definitions and what is to be said of them are too long: hand in the code only"})
    return Frame({"done": True}, reply)


def _read(request: Frame, other: Conversation) -> dict[str, Any]:
    header = request.header
    return asdict(read_opened(_open(header, other), module=header["module"], defines=header["defines"]))


def _find(request: Frame, other: Conversation) -> dict[str, Any] | None:
    header = request.header
    opened = _open(header, other)
    found = find_opened(opened, module=header["module"], defines=header["defines"], name=header["called"])
    if found is None:
        return None
    extract = asdict(found.extract) if found.extract else None
    entry = {"path": found.entry.path, "size": found.entry.size, "modified": found.entry.modified}
    return {**entry, "file": asdict(found.file), "extract": extract}


def _inspect(request: Frame, other: Conversation) -> dict[str, Any]:
    header = request.header
    todos = tuple(Todo.model_validate(todo) for todo in header["todos"])
    rules = Rules(todos, header["reference"], tuple(header["signatures"]))
    return asdict(inspect_source(request.block.decode(), rules, other.look_up))


def _split(request: Frame, _: Conversation) -> dict[str, Any]:
    return {digest: asdict(place) for digest, place in split_source(request.block.decode()).items()}


def _open(header: Mapping[str, Any], other: Conversation) -> Opened:
    entries = [
        Entry(path, size, partial(other.open, number), modified)
        for number, (path, size, modified) in enumerate(header["files"])
    ]
    return Opened(header["name"], Listing(entries, header["notes"]) if header["is_folder"] else entries[0])


_TASKS: dict[str, Callable[[Frame, Conversation], Any]] = {
    "read": _read,
    "find": _find,
    "inspect": _inspect,
    "fragments": _split,
}
