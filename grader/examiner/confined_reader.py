"""Inside the wall: read what one student handed in, and nothing else.

The process is a child of a zygote, like one that runs a submission, and ends when it has answered once. It opens no
file by name: it asks for the files of a listing by number, and is handed a descriptor that can only be read.
"""

import codecs
import io
import json
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import IO, TYPE_CHECKING, Any, cast

from grader.intake.entries import Entry, Listing
from grader.intake.submissions import Opened, find_opened, read_opened
from grader.intake.unpacking import confine_unpacking
from grader.model.errors import GraderFault, SubmissionRefused
from grader.wire.frames import Frame, Inbox, pack_frame, read_frame

# Every child needs these codecs, and at some levels of isolation it cannot import them any more.
for encoding in ("utf-8-sig", "cp949"):
    codecs.lookup(encoding)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# What is known of a submission is much smaller than the submission, unless somebody made it not to be.
MAX_REPLY = 16 << 20


@dataclass
class Files:
    """The files of the submission, opened by number on the other side of the channel."""

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
        return cast(IO[bytes], io.BufferedReader(_View(self.descriptors[number])))


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


def serve(connection: socket.socket) -> None:
    """Answer one request."""
    confine_unpacking()
    inbox = Inbox(connection.recv)
    request = read_frame(inbox.read_exactly)
    connection.sendall(pack_frame(answer(request, Files(connection, inbox))))


def answer(request: Frame, files: Files) -> Frame:
    """Return what was asked for as JSON, or a sentence that says why there is none."""
    try:
        reply = json.dumps(_TASKS[request.header["do"]](request, files), ensure_ascii=False).encode()
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


def _read(request: Frame, files: Files) -> dict[str, Any]:
    header = request.header
    return asdict(read_opened(_open(header, files), module=header["module"], defines=header["defines"]))


def _find(request: Frame, files: Files) -> dict[str, Any] | None:
    header = request.header
    opened = _open(header, files)
    found = find_opened(opened, module=header["module"], defines=header["defines"], name=header["called"])
    if found is None:
        return None
    extract = asdict(found.extract) if found.extract else None
    entry = {"path": found.entry.path, "size": found.entry.size, "modified": found.entry.modified}
    return {**entry, "file": asdict(found.file), "extract": extract}


def _open(header: Mapping[str, Any], files: Files) -> Opened:
    entries = [
        Entry(path, size, partial(files.open, number), modified)
        for number, (path, size, modified) in enumerate(header["files"])
    ]
    return Opened(header["name"], Listing(entries, header["notes"]) if header["is_folder"] else entries[0])


_TASKS: dict[str, Callable[[Frame, Files], Any]] = {
    "read": _read,
    "find": _find,
}
