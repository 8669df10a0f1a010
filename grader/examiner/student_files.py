"""`files`: a folder beside the submission, for functions that read or write small files."""

from typing import Any

from grader.examiner.mismatch import Mismatch
from grader.examiner.proxy import ProxySession, define_remotely
from grader.model.errors import GraderFault
from grader.model.verdict import SubmissionError, Verdict

# Where a test is run by hand, pytest shows the test's own lines only.
__tracebackhide__ = True

MAX_FILE_BYTES = 1 << 20


class FileKeeper:
    """A folder of one test. It travels as source text; its annotations are quoted, since the jail lacks their names."""

    def __init__(self) -> None:
        import shutil
        import tempfile
        import weakref

        self.folder = tempfile.mkdtemp()
        weakref.finalize(self, shutil.rmtree, self.folder, True)

    def find(self, name: str) -> str:
        """Return the path of a file, which need not exist."""
        import os

        return os.path.join(self.folder, name)

    def put(self, name: str, data: bytes) -> str:
        """Write a file, and return its path."""
        with open(self.find(name), "wb") as file:
            file.write(data)
        return self.find(name)

    def names(self) -> "list[str]":
        """Return the names of all files."""
        import os

        return sorted(os.listdir(self.folder))

    def read(self, name: str, most: int) -> "bytes | None":
        """Return a file's bytes, one more than `most` where it is larger; None where there is no such file."""
        import os

        if not os.path.isfile(self.find(name)):
            return None
        with open(self.find(name), "rb") as file:
            return file.read(most + 1)


class StudentFiles:
    """Small files that a submission finds and leaves, up to 1 MB each."""

    def __init__(self, session: ProxySession) -> None:
        self._keeper = define_remotely(session, FileKeeper)()

    def path(self, name: str) -> str:
        """Return the path of a file in the folder, to pass to the submission."""
        return str(self._keeper.find(_check_name(name)))

    def put(self, name: str, content: str | bytes) -> str:
        """Write a file, and return its path."""
        data = content.encode() if isinstance(content, str) else content
        if len(data) > MAX_FILE_BYTES:
            raise GraderFault(f"a test writes {name!r} of {len(data)} bytes: at most {MAX_FILE_BYTES} can travel")
        return str(self._keeper.put(_check_name(name), data))

    def names(self) -> list[str]:
        """Return the names of the files that are there, sorted."""
        found = self._keeper.names()
        if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
            raise SubmissionError(Verdict.MALFORMED_REPLY, "names of files that are no text")
        return found

    def read_bytes(self, name: str) -> bytes:
        """Return the bytes of a file that the submission wrote. Raises Mismatch where there is none."""
        data: Any = self._keeper.read(_check_name(name), MAX_FILE_BYTES)
        if data is None:
            raise Mismatch(f"no file {name!r} was written: found {', '.join(map(repr, self.names())) or 'none'}")
        if not isinstance(data, bytes) or len(data) > MAX_FILE_BYTES:
            raise Mismatch(f"the file {name!r} is larger than {MAX_FILE_BYTES} bytes")
        return data

    def read(self, name: str) -> str:
        """Return the text of a file that the submission wrote. Raises Mismatch where it is none."""
        try:
            return self.read_bytes(name).decode()
        except UnicodeDecodeError:
            raise Mismatch(f"the file {name!r} is not text in UTF-8") from None


def _check_name(name: str) -> str:
    if not name or "/" in name or name in (".", ".."):
        raise GraderFault(f"a test names the file {name!r}: give a name without folders")
    return name
