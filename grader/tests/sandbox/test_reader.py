"""Reading behind the wall: the same as without it, but for what overruns its limits."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.intake import read_submission
from grader.intake.submissions import find_candidate
from grader.model.assignment import Limits
from grader.model.digests import identify
from grader.model.errors import SubmissionNotFound
from grader.sandbox import reader
from grader.sandbox.isolation import Isolation
from grader.sandbox.machine_speed import NO_SLOWDOWN
from grader.sandbox.reader import ConfinedReader
from grader.tests.support.intake_samples import ATTENTION, make_archive, make_notebook, make_rar, make_zip

MODULE = "attention.py"
SLOW = "".join(f"def f{number}(): return f{number + 1}()\n" for number in range(8000))


@pytest.fixture(scope="module")
def confined() -> Iterator[ConfinedReader]:
    """A reader behind bubblewrap."""
    opened = ConfinedReader(Isolation.BWRAP)
    yield opened
    opened.close()


CODE = ATTENTION.encode()
FILES = {
    "module": {MODULE: CODE},
    "notebook": {"attention.ipynb": make_notebook(ATTENTION, "x = 1\n", "!ls").encode()},
    "zip": {"work.zip": make_zip({"hw/attention.py": CODE, "hw/notes.txt": b"x"})},
    "zip in zip": {"work.zip": make_zip({"inner.zip": make_zip({MODULE: CODE})})},
    "tar.gz": {"work.tar.gz": make_archive({"attention.py": CODE}, "gnutar", "gzip")},
    "tar.xz": {"work.tar.xz": make_archive({"attention.py": CODE}, "gnutar", "xz")},
    "7z": {"work.7z": make_archive({MODULE: CODE}, "7zip")},
    "rar": {"work.rar": make_rar({MODULE: ATTENTION})},
    "locked rar": {"work.rar": make_rar({MODULE: ATTENTION}, locked=True)},
    "tar.bz2 without an ending": {"work": make_archive({"attention.py": CODE}, "gnutar", "bzip2")},
    "several": {MODULE: b"x = 1\n", "attention (1).py": CODE, "old/attention.py": CODE, "readme.md": b"#"},
    "damaged": {"work.zip": make_zip({MODULE: CODE})[:-30]},
    "bomb": {"work.zip": make_zip({MODULE: bytes(80 << 20)})},
    "does not parse": {MODULE: b"def f(:\n"},
    "nested": {MODULE: b"x = " + b"(" * 5000 + b")" * 5000},
    "Hangul": {"주의 집중.py": "이름 = '값'\ndef attend(): return 이름\n".encode()},
    "nothing": {},
}


@pytest.mark.parametrize("kind", FILES)
def test_it_reads_what_is_read_without_a_wall(confined: ConfinedReader, tmp_path: Path, kind: str) -> None:
    """Every field, the id among them, of a folder and of each file by itself."""
    for name, data in FILES[kind].items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    paths = [tmp_path, *(tmp_path / name for name in FILES[kind])]
    for path in paths:
        direct = read_submission(path, module=MODULE, defines=["attend"], student="kim")
        assert confined.read_submission(path, module=MODULE, defines=["attend"], student="kim") == direct


def test_the_choice_among_files_is_the_same(confined: ConfinedReader, tmp_path: Path) -> None:
    """The values that `choose` compares are those of the file itself."""
    path = tmp_path / MODULE
    path.write_text(ATTENTION)
    one = find_candidate(path, module=MODULE, defines=["attend"], name="other.py")
    other = confined.find_candidate(path, module=MODULE, defines=["attend"], name="other.py")
    assert one and other
    assert (one.entry.path, one.file, one.extract) == (other.entry.path, other.file, other.extract)


LITTLE = {
    "computing": (Limits(cpu_seconds=0.02, memory_mb=512), "more than 0.02 seconds of computing"),
    "memory": (Limits(cpu_seconds=10, memory_mb=1), "too much memory"),
}


@pytest.mark.parametrize("kind", LITTLE)
def test_what_overruns_is_refused_and_the_next_goes_on(
    confined: ConfinedReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The student reads a sentence; no one else notices."""
    limits, sentence = LITTLE[kind]
    (tmp_path / "slow.py").write_text(SLOW * 8)
    (tmp_path / MODULE).write_text(ATTENTION)
    monkeypatch.setattr(reader, "LIMITS", limits)
    monkeypatch.setattr("grader.sandbox.cpu_budget.measure_slowdown", lambda: NO_SLOWDOWN)
    refused = confined.read_submission(tmp_path / "slow.py", module=MODULE)
    assert refused.refused.startswith("slow.py was not read: ")
    assert sentence in refused.refused
    monkeypatch.undo()
    assert not confined.read_submission(tmp_path / MODULE, module=MODULE).refused


def test_too_much_unpacked_is_refused(
    confined: ConfinedReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A temporary file that outgrows its folder ends the reading of one submission."""
    (tmp_path / "work.tar.xz").write_bytes(make_archive({MODULE: bytes(20 << 20)}, "gnutar", "xz"))
    monkeypatch.setattr(reader, "LIMITS", reader.LIMITS.model_copy(update={"disk_mb": 4}))
    assert "takes too much room" in confined.read_submission(tmp_path / "work.tar.xz", module=MODULE).refused


REPLIES = {
    "no JSON": b"\xff\xfe",
    "another form": b'{"id": 1}',
    "too long": b'{"id": "1", "student": "", "source": "' + b"x" * (16 << 20) + b'"}',
    "deep": b"[" * 100_000,
    "nothing in it": b'{"id": "1", "student": ""}',
    "half a surrogate pair": b'{"id": "1", "student": "", "source": "\\ud800", "origins": [[1, ["a", null, 1]]]}',
}


@pytest.mark.parametrize("kind", REPLIES)
def test_a_reply_is_only_a_claim(
    confined: ConfinedReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Every answer of a child that was taken over ends in a refusal, and nothing else happens."""
    (tmp_path / MODULE).write_text(ATTENTION)
    monkeypatch.setattr(confined, "ask", lambda *_, **__: REPLIES[kind])
    assert "was not read" in confined.read_submission(tmp_path / MODULE, module=MODULE).refused
    assert confined.find_candidate(tmp_path / MODULE, module=MODULE) is None


def test_a_child_cannot_take_the_id_of_another(
    confined: ConfinedReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The id decides which result is found again, so it is made on this side."""
    (tmp_path / MODULE).write_text(ATTENTION)
    reply = (
        b'{"id": "forged", "student": "ben", "source": "x", "origins": [[1, {"path": "a", "cell": null, "line": 1}]]}'
    )
    monkeypatch.setattr(confined, "ask", lambda *_, **__: reply)
    submission = confined.read_submission(tmp_path / MODULE, module=MODULE, student="kim")
    assert (submission.id, submission.student) == (identify(MODULE, "x"), "kim")


def test_a_hard_link_is_not_opened(confined: ConfinedReader, tmp_path: Path) -> None:
    """Its other name may be a file that the student could not read."""
    (tmp_path / "secret").write_text(ATTENTION)
    (tmp_path / "hw").mkdir()
    os.link(tmp_path / "secret", tmp_path / "hw" / MODULE)
    assert "hard link" in confined.read_submission(tmp_path / "hw" / MODULE, module=MODULE).refused
    assert "is empty" in confined.read_submission(tmp_path / "hw", module=MODULE).refused


def test_pipes_and_links_do_not_block(confined: ConfinedReader, tmp_path: Path) -> None:
    """A pipe without a writer, and a link to a file elsewhere."""
    os.mkfifo(tmp_path / MODULE)
    (tmp_path / "link.py").symlink_to(__file__)
    for name in (MODULE, "link.py"):
        assert confined.read_submission(tmp_path / name, module=MODULE).refused
    assert "is empty" in confined.read_submission(tmp_path, module=MODULE).refused


def test_nothing_there_is_the_callers_fault(confined: ConfinedReader, tmp_path: Path) -> None:
    """As without a wall."""
    with pytest.raises(SubmissionNotFound):
        confined.read_submission(tmp_path / "none", module=MODULE)


def test_a_zygote_that_is_gone_is_replaced(confined: ConfinedReader, tmp_path: Path) -> None:
    """Whatever ended it, no submission pays for it."""
    (tmp_path / MODULE).write_text(ATTENTION)
    first = confined.read_submission(tmp_path / MODULE, module=MODULE)
    assert confined._jail
    confined._jail.process.kill()
    confined._jail.process.wait()
    assert confined.read_submission(tmp_path / MODULE, module=MODULE).id == first.id


def test_one_child_answers_all_that_is_asked_of_a_submission(confined: ConfinedReader, tmp_path: Path) -> None:
    """And the next submission has another one."""
    path = tmp_path / MODULE
    path.write_text(ATTENTION, encoding="utf-8")
    pids = []
    for _ in range(2):
        with confined.keep_child():
            for _ in range(2):
                confined.read_submission(path, module=MODULE)
                assert confined._channel and confined._channel.child
                pids.append(confined._channel.child.host_pid)
        assert confined._channel is None
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_a_zygote_that_goes_while_a_child_is_kept_leaves_nothing(tmp_path: Path) -> None:
    """Each child has descriptors here, which nobody else closes."""
    path = tmp_path / MODULE
    path.write_text(ATTENTION, encoding="utf-8")
    confined = ConfinedReader(Isolation.BWRAP)
    before = len(os.listdir("/proc/self/fd"))
    with confined.keep_child():
        confined.read_submission(path, module=MODULE)
        assert confined._jail
        confined._jail.process.kill()
        confined._jail.process.wait()
        assert not confined.read_submission(path, module=MODULE).refused
    confined.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_without_namespaces_limits_hold_too(tmp_path: Path) -> None:
    """A child without bubblewrap still has limits and few system calls."""
    (tmp_path / MODULE).write_text(ATTENTION)
    opened = ConfinedReader(Isolation.NONE)
    try:
        assert opened.read_submission(tmp_path / MODULE, module=MODULE) == read_submission(
            tmp_path / MODULE, module=MODULE
        )
    finally:
        opened.close()
