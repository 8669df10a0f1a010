"""Uploads: what is written, what is refused, and that nothing half stays."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.server.refusals import RequestRefused
from grader.server.settings import UploadLimits
from grader.server.uploads import UploadReceiver, check_room, choose_disk_name, clean_name

LIMITS = UploadLimits(bytes_at_once=1000, files_at_once=2)
Receive = Callable[..., UploadReceiver]


@pytest.fixture
def receive(tmp_path: Path) -> Iterator[Receive]:
    """Send files byte by byte into the folder `u`."""
    receiver = UploadReceiver(tmp_path / "u", "multipart/form-data; boundary=x", LIMITS)

    def send(*parts: tuple[str, bytes], end: bytes = b"--x--\r\n") -> UploadReceiver:
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n%s\r\n'
        for byte in b"".join(head % (name.encode(), data) for name, data in parts) + end:
            receiver.feed(bytes([byte]))
        return receiver

    yield send
    receiver.discard()
    assert list(tmp_path.iterdir()) == []


def test_files_are_written_as_they_are(receive: Receive, tmp_path: Path) -> None:
    """Their names are safe, under any that the student chose."""
    receiver = receive(("../../etc/a b.py", b"one\r\n--"), ("A B.py", b"\x00\xff"))
    receiver.finish()
    assert {path.name: path.read_bytes() for path in (tmp_path / "u").iterdir()} == {
        "a b.py": b"one\r\n--",
        "A B-2.py": b"\x00\xff",
    }
    assert receiver.names == ["a b.py", "A B.py"]


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ([("a.py", b"x" * 1001)], 413),
        ([("a.py", b"x" * 600), ("b.py", b"x" * 600)], 413),
        ([("a", b""), ("b", b""), ("c", b"")], 413),
        ([], 422),
    ],
    ids=["a large file", "large together", "many files", "no file"],
)
def test_upload_is_refused(parts: list[tuple[str, bytes]], status: int, receive: Receive) -> None:
    """With a status that says why."""
    with pytest.raises(RequestRefused) as caught:
        receive(*parts).finish()
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 30, 413),
        (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"a" * 2000, 413),
        (b"--x\r\nX-Long: " + b"a" * 10_000, 400),
    ],
    ids=["many empty fields", "a long field", "a long header"],
)
def test_body_of_something_else_than_files_is_refused(body: bytes, status: int, receive: Receive) -> None:
    """Before it costs time or memory; the bytes of files are counted elsewhere."""
    with pytest.raises(RequestRefused) as caught:
        receive(end=body)
    assert caught.value.status == status


def test_body_that_was_cut_off_is_refused(receive: Receive) -> None:
    """The end of the body was not seen."""
    receiver = receive(("a.py", b"x"), end=b"")
    with pytest.raises(RequestRefused, match="cut off"):
        receiver.finish()


def test_full_disk_is_a_clear_refusal(receive: Receive, monkeypatch: pytest.MonkeyPatch) -> None:
    """507, and not a traceback."""

    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(RequestRefused) as caught:
        receive(("a.py", b"x"))
    assert (caught.value.status, caught.value.retry_after) == (507, 300)


def test_little_room_is_refused_before_the_body_is_read(tmp_path: Path) -> None:
    """So that the database keeps the room that it needs."""
    with pytest.raises(RequestRefused) as caught:
        check_room(tmp_path, UploadLimits(free_bytes=1 << 60), None)
    assert caught.value.status == 507


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("attention.py", "attention.py"),
        ("숙제 1.ipynb", "숙제 1.ipynb"),
        ("..", "upload"),
        (".bashrc", "bashrc"),
        ("-rf", "rf"),
        ("a<b>|c.py", "a_b__c.py"),
        ("x" * 300 + ".py", "x" * 117 + ".py"),
    ],
)
def test_disk_name_is_safe(name: str, safe: str) -> None:
    """Every file system takes it, and it means nothing to a shell."""
    assert choose_disk_name(name, set()) == safe


def test_shown_name_has_no_path_and_no_control_character() -> None:
    """Neither of Unix nor of Windows."""
    assert clean_name("C:\\fake\x1b[31m\\a\u202eb.py") == "ab.py"
