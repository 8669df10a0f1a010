"""Archives: what is in them is found, and what would be dangerous to unpack is refused with the reason."""

import gzip
import io
import stat
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.intake import read_submission, unpacking
from grader.model.errors import GraderFault
from grader.model.submission import Submission
from grader.tests.support.intake_samples import (
    ATTENTION,
    hand_in,
    load,
    make_archive,
    make_notebook,
    make_rar,
    make_tar,
    make_zip,
)


def read(folder: Path, content: bytes, name: str = "hw.zip") -> Submission:
    """Hand in an archive."""
    return hand_in(folder, content, name, defines=["LuongAttention"])


def make_member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", size: int = 0) -> tarfile.TarInfo:
    """A tar header."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, size
    return info


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("hw.zip", make_zip({"hw/attention.py": ATTENTION})),
        ("hw.tar.gz", make_tar({"hw/attention.py": ATTENTION})),
        ("hw.tar", make_tar({"./hw/attention.py": ATTENTION}, mode="w:")),
        ("renamed.bin", make_zip({"hw/attention.py": ATTENTION})),
        ("hw.zip", make_zip({"hw/inner.zip": make_zip({"attention.py": ATTENTION})})),
        ("hw.zip", make_zip({"hw/inner.tar.gz": make_tar({"attention.py": ATTENTION})})),
        ("hw.zip", make_zip({"hw\\attention.py": ATTENTION, "hw\\": ""})),
        ("hw.7z", make_archive({"hw/attention.py": ATTENTION}, "7zip")),
        ("hw.tar.xz", make_archive({"hw/attention.py": ATTENTION}, "pax", "xz")),
        ("hw.tar.bz2", make_archive({"hw/attention.py": ATTENTION}, "pax", "bzip2")),
        ("hw.rar", make_rar({"hw/attention.py": ATTENTION})),
        ("renamed", make_archive({"hw/attention.py": ATTENTION}, "7zip")),
        ("hw.zip", make_zip({"hw/inner.7z": make_archive({"attention.py": ATTENTION}, "7zip")})),
        ("hw.7z", make_archive({"hw/inner.zip": make_zip({"attention.py": ATTENTION})}, "7zip")),
    ],
)
def test_module_in_an_archive_is_found(tmp_path: Path, name: str, content: bytes) -> None:
    """Every form is known by what is in it, also one inside another."""
    submission = read(tmp_path, content, name)
    assert load(submission).LuongAttention().score(4) == 2
    assert submission.files[0].path.startswith(f"{name}/hw/")
    assert submission.files[0].path.endswith("attention.py")


def test_notebook_in_an_archive_is_found(tmp_path: Path) -> None:
    """A notebook's outputs are dropped inside an archive too."""
    notebook = make_notebook(ATTENTION, outputs=[{"data": {"image/png": "A" * 2**20}}])
    assert load(read(tmp_path, make_zip({"a.ipynb": notebook}))).LuongAttention


def test_nothing_is_unpacked(tmp_path: Path) -> None:
    """Reading an archive writes no file beside it."""
    read(tmp_path, make_zip({"hw/attention.py": ATTENTION}))
    assert [path.name for path in tmp_path.iterdir()] == ["hw.zip"]


@pytest.mark.parametrize("encoding", ["cp949", "utf-8"])
def test_hangul_names_without_the_utf8_flag_are_read(tmp_path: Path, encoding: str) -> None:
    """A Korean Windows packs names as cp949, macOS as UTF-8, and neither says so."""
    raw = "과제/어텐션.py".encode(encoding)
    content = make_zip({"x" * len(raw): ATTENTION}).replace(b"x" * len(raw), raw)
    assert read(tmp_path, content).files[0].path == "hw.zip/과제/어텐션.py"


def test_left_by_macos_is_passed_over(tmp_path: Path) -> None:
    """`__MACOSX/._attention.py` is no second submission."""
    submission = read(tmp_path, make_zip({"__MACOSX/._attention.py": b"\0\5\x16\7", "attention.py": ATTENTION}))
    assert submission.left_out == ()


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("../attention.py", "leads out of the archive"),
        ("hw/../../attention.py", "leads out of the archive"),
        ("..\\attention.py", "leads out of the archive"),
        ("/etc/attention.py", "is an absolute path"),
        ("\\etc\\attention.py", "is an absolute path"),
        ("C:\\attention.py", "is an absolute path"),
        ("hw/a\x07.py", "has a name that cannot be shown"),
        ("a/" * 40 + "attention.py", "lies more than 32 folders deep"),
        ("a" * 1200 + ".py", "its name is too long"),
    ],
)
@pytest.mark.parametrize("form", ["zip", "tar.gz"])
def test_dangerous_paths_are_refused(tmp_path: Path, path: str, reason: str, form: str) -> None:
    """Paths that lead out of the archive, absolute ones and unreadable ones refuse the whole archive."""
    if form == "tar.gz" and "\\" in path:
        return  # an ordinary character in a tar
    files = {"attention.py": ATTENTION, path: "x = 1"}
    submission = read(tmp_path, make_zip(files) if form == "zip" else make_tar(files), f"hw.{form}")
    assert submission.refused.startswith(f"hw.{form} was not opened: ")
    assert reason in submission.refused
    assert submission.source == ""


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (make_member("a", tarfile.SYMTYPE, "/etc/passwd"), "'a' is a link"),
        (make_member("a", tarfile.LNKTYPE, "attention.py"), "'a' is a link"),
        (make_member("a", tarfile.CHRTYPE), "'a' is a device, not a file"),
        (make_member("a", tarfile.BLKTYPE), "'a' is a device, not a file"),
        (make_member("a", tarfile.FIFOTYPE), "'a' is a device, not a file"),
        (make_member("attention.py"), "'attention.py' and 'attention.py' would be the same file"),
        (make_member("Attention.PY"), "'attention.py' and 'Attention.PY' would be the same file"),
        (make_member("attention.py/b.py"), "'attention.py' and 'attention.py/b.py' would be the same file"),
        (make_member("./attention.py"), "'attention.py' and 'attention.py' would be the same file"),
    ],
)
def test_odd_members_of_a_tar_are_refused(tmp_path: Path, member: tarfile.TarInfo, reason: str) -> None:
    """Links, devices and names that collide refuse the whole archive."""
    assert reason in read(tmp_path, make_tar({"attention.py": ATTENTION}, member), "hw.tar.gz").refused


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(stat.S_IFLNK, "is a link"), (stat.S_IFCHR, "is a device"), (stat.S_IFIFO, "is a device"), (stat.S_IFREG, "")],
)
def test_odd_members_of_a_zip_are_refused(tmp_path: Path, kind: int, reason: str) -> None:
    """A zip can hold links and devices too."""
    info = zipfile.ZipInfo("attention.py")
    info.external_attr = (kind | 0o644) << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, ATTENTION)
    assert reason in read(tmp_path, buffer.getvalue()).refused


@pytest.mark.parametrize(
    "names", [("a.py", "a.py"), ("a.py", "A.py"), ("\uac00.py", "\u1100\u1161.py"), ("a", "a/b.py")]
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_collide_in_a_zip_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    """Two members that some machine would unpack onto each other refuse the archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, ATTENTION)
    assert "would be the same file on some machines" in read(tmp_path, buffer.getvalue()).refused


def test_locked_archive_is_refused(tmp_path: Path) -> None:
    """A password cannot be guessed."""
    content = bytearray(make_zip({"attention.py": ATTENTION}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    assert "'attention.py' is locked with a password" in read(tmp_path, bytes(content)).refused


def test_unusual_compression_is_refused(tmp_path: Path) -> None:
    """LZMA can ask for any amount of memory before the first byte."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("attention.py", ATTENTION)
    assert "is packed by a method that is not read here" in read(tmp_path, buffer.getvalue()).refused


def test_bomb_by_ratio_is_refused(tmp_path: Path) -> None:
    """40 MB of zeros in 40 kB are refused, as a zip, in a zip, and as a tar.gz."""
    bomb = make_zip({"attention.py": b"\0" * (40 * 2**20)})
    assert "it unpacks to 40 MB or more, too much for its size" in read(tmp_path, bomb).refused
    assert "too much for its size" in read(tmp_path, make_zip({"inner.zip": bomb})).refused
    assert "too much for its size" in read(tmp_path, gzip.compress(b"\0" * (40 * 2**20)), "a.tar.gz").refused


def test_bomb_by_size_is_refused_by_what_it_claims(tmp_path: Path) -> None:
    """A member that claims 600 MB is refused before a byte of it is read; so is a sparse tar member."""
    content = bytearray(make_zip({"attention.py": ATTENTION}))
    at = content.index(b"PK\x01\x02") + 24
    content[at : at + 4] = (600 * 2**20).to_bytes(4, "little")
    assert "unpacks to 600 MB" in read(tmp_path, bytes(content)).refused
    sparse = make_member("big", tarfile.GNUTYPE_SPARSE, size=0)
    assert read(tmp_path, make_tar({"a.py": ATTENTION}, sparse), "hw.tar.gz").refused


def test_member_that_is_larger_than_it_claims_is_refused(tmp_path: Path) -> None:
    """A zip whose directory lies about a size is damaged, not trusted."""
    content = bytearray(make_zip({"attention.py": ATTENTION}))
    at = content.index(b"PK\x01\x02") + 24
    content[at : at + 4] = (5).to_bytes(4, "little")
    assert "attention.py is damaged" in read(tmp_path, bytes(content)).refused


@pytest.mark.slow
def test_bomb_by_count_is_refused(tmp_path: Path) -> None:
    """More than 10,000 members are refused, also where the directory alone would fill the memory."""
    many = {f"{number}.txt": "" for number in range(10_001)}
    for name, content in (("hw.zip", make_zip(many)), ("hw.tar.gz", make_tar(many))):
        assert "it holds more than 10000 files" in read(tmp_path, content, name).refused
    content = bytearray(make_zip({"attention.py": ATTENTION}))
    content[-10:-6] = (2**31).to_bytes(4, "little")
    assert "it holds more than 10000 files" in read(tmp_path, bytes(content)).refused


OTHER_FORMS = {"hw.7z": ("7zip", None), "hw.tar.xz": ("pax", "xz"), "hw.tar.bz2": ("pax", "bzip2")}


@pytest.mark.parametrize("name", OTHER_FORMS)
@pytest.mark.parametrize(
    ("paths", "reason"),
    [
        (["../attention.py"], "leads out of the archive"),
        (["attention.py", "Attention.py"], "would be the same file"),
        (["a/" * 40 + "attention.py"], "folders deep"),
    ],
)
def test_other_forms_are_refused_for_the_same_reasons(tmp_path: Path, name: str, paths: list[str], reason: str) -> None:
    """Dangers do not depend on how the files were packed."""
    content = make_archive(dict.fromkeys(paths, ATTENTION), *OTHER_FORMS[name])
    assert reason in read(tmp_path, content, name).refused


@pytest.mark.parametrize(
    "name", ["hw.7z", *(pytest.param(name, marks=pytest.mark.slow) for name in ("hw.tar.xz", "hw.tar.bz2"))]
)
def test_bombs_of_other_forms_are_refused(tmp_path: Path, name: str) -> None:
    """Limits do not depend on how the files were packed. All forms become one tar, so one form is enough each day."""
    zeros: dict[str, str | bytes] = {"attention.py": ATTENTION, "zeros": bytes(40 * 2**20)}
    many: dict[str, str | bytes] = {"attention.py": ATTENTION} | {str(number): "" for number in range(10_000)}
    for files, reason in ((zeros, "too much for its size"), (many, "more than 10000 files")):
        assert reason in read(tmp_path, make_archive(files, *OTHER_FORMS[name]), name).refused


def test_hangul_names_in_a_7z_are_read(tmp_path: Path) -> None:
    """Its names are UTF-16 under any locale of the machine."""
    content = make_archive({"과제/어텐션.py": ATTENTION}, "7zip")
    assert read(tmp_path, content, "hw.7z").files[0].path == "hw.7z/과제/어텐션.py"


def test_locked_rar_is_refused(tmp_path: Path) -> None:
    """A password cannot be guessed, and it is not called damage."""
    content = make_rar({"attention.py": ATTENTION}, locked=True)
    assert "hw.rar is locked with a password" in read(tmp_path, content, "hw.rar").refused


@pytest.mark.parametrize("head", [b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07\x00", b"\xfd7zXZ\x00", b"BZh9"])
def test_what_only_begins_like_an_archive_is_damaged(tmp_path: Path, head: bytes) -> None:
    """Bytes without sense are the student's trouble, not a fault of the grader."""
    assert "hw.bin is damaged" in read(tmp_path, head + bytes(range(256)) * 4, "hw.bin").refused


def test_a_machine_without_libarchive_is_at_fault_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The student does not lose the points: the grader says what to install."""
    monkeypatch.setattr(unpacking, "_find_library", lambda: {"LIBARCHIVE": str(tmp_path / "gone.so")})
    with pytest.raises(GraderFault, match=r"hw\.7z cannot be read on this machine: install libarchive"):
        read(tmp_path, make_archive({"attention.py": ATTENTION}, "7zip"), "hw.7z")


@pytest.mark.parametrize(
    "attempt",
    ["open('/etc/passwd')", "open('/tmp/x', 'w')", "socket.socket()", "os.fork()", "os.execv('/bin/true', ['x'])"],
)
def test_the_unpacker_can_do_nothing_but_unpack(attempt: str) -> None:
    """Once it is confined, no file, no network and no other program is within its reach."""
    script = f"import os, socket\nfrom grader.intake import unpacker\nunpacker._confine()\n{attempt}"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert run.stderr.splitlines()[-1].startswith("PermissionError"), run.stderr


def test_a_module_without_an_ending_is_found_in_a_folder(tmp_path: Path) -> None:
    """It is tried by its content, after everything that has a name for code; other such files are passed over."""
    submission = read(tmp_path, make_zip({"hw/attention": ATTENTION, "hw/LICENSE": "MIT", "hw/Makefile": "all:\n"}))
    assert submission.files[0].path == "hw.zip/hw/attention"
    assert submission.left_out == ()


def test_bomb_by_depth_is_refused(tmp_path: Path) -> None:
    """Archives in archives in archives are refused."""
    content = make_zip({"attention.py": ATTENTION})
    for _ in range(3):
        content = make_zip({"inner.zip": content})
    assert "holds archives inside archives" in read(tmp_path, content).refused


def test_zip_that_lost_a_part_is_damaged(tmp_path: Path) -> None:
    """Its files are said to lie before its beginning: the student's trouble, not that of the machine's disk."""
    content = make_zip({"attention.py": ATTENTION})
    assert "is damaged" in read(tmp_path, content[:10] + content[20:]).refused


def test_forged_tar_header_does_not_take_memory(tmp_path: Path) -> None:
    """A long-name header that claims 100 MB, or a negative length, is damage."""
    for size in (100 * 2**20, -512):
        header = tarfile.TarInfo("././@LongLink")
        header.type, header.size = tarfile.GNUTYPE_LONGNAME, max(size, 0)
        block = bytearray(header.tobuf(tarfile.GNU_FORMAT))
        if size < 0:
            block[124:136] = b"\xff" + (size).to_bytes(11, "big", signed=True)
            block[148:156] = b"%06o\0 " % (sum(block[:148]) + sum(block[156:]) + 8 * 32)
        assert "is damaged" in read(tmp_path, bytes(block) + b"\0" * 10_240, "hw.tar").refused


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04", b"PK\x05\x06" + b"\0" * 18, b"\x1f\x8b\x08", gzip.compress(b"x = 1", mtime=0)]
)
def test_damaged_or_empty_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    """An archive that is cut short, empty, or holds no tar is refused with what to do."""
    assert "hand" in read(tmp_path, content).refused


def test_archive_that_cannot_be_opened_does_not_spoil_a_folder(tmp_path: Path) -> None:
    """Beside a good module a dangerous archive is not even looked at."""
    (tmp_path / "hw.zip").write_bytes(make_zip({"../x.py": "x = 1"}))
    (tmp_path / "attention.py").write_text(ATTENTION)
    assert load(read_submission(tmp_path, module="attention.py", defines=["LuongAttention"])).LuongAttention


GOOD = {"hw.zip": make_zip({"hw/attention.py": ATTENTION, "b.ipynb": make_notebook("x = 1")}),
        "hw.7z": make_archive({"hw/attention.py": ATTENTION, "b.ipynb": make_notebook("x = 1")}, "7zip"),
        "hw.tar.xz": make_archive({"hw/attention.py": ATTENTION}, "pax", "xz"),
        "hw.rar": make_rar({"hw/attention.py": ATTENTION}),
        "hw.tar": make_tar({"hw/attention.py": ATTENTION}, mode="w:"),
        "hw.tar.gz": make_tar({"hw/attention.py": ATTENTION})}  # fmt: skip


@pytest.mark.slow
@settings(max_examples=40)
@given(name=st.sampled_from(sorted(GOOD)), data=st.data())
def test_damage_anywhere_is_survived(tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject) -> None:
    """An archive with any bytes changed or missing gives a submission or a reason."""
    content = bytearray(GOOD[name])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(len(content) // 2, len(content))) :]
    submission = read(tmp_path_factory.getbasetemp(), bytes(content), name)
    assert bool(submission.source) != bool(submission.refused)


@settings(max_examples=40)
@given(
    names=st.lists(st.text(alphabet="ab./\\: A한\u1112\u1161\u11ab", min_size=1, max_size=8), min_size=1, max_size=4)
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_any_names_are_safe_or_refused(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    """Every file read from an archive has a relative path without `..`, for any names in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(f"{name}.py", ATTENTION)
    submission = read(tmp_path_factory.getbasetemp(), buffer.getvalue(), "names.zip")
    if submission.source:
        path = submission.files[0].path.removeprefix("names.zip/")
        assert not path.startswith("/")
        assert ".." not in path.split("/")
    else:
        assert submission.refused
