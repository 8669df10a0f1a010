"""The number of workers: by cores, by memory, by what the class is worth, and by a GPU's shares."""

from pathlib import Path

import pytest

from grader.classroom import worker_count as capacity
from grader.classroom.worker_count import WORKER_MB, choose_worker_count, read_free_mb
from grader.model.devices import Device
from grader.tests.support.course import load_assignment

A4 = load_assignment("a4_attention")
EACH = WORKER_MB + A4.limits.memory_mb


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight cores and memory for six workers."""
    monkeypatch.setattr(capacity.os, "cpu_count", lambda: 8)
    monkeypatch.setattr(capacity, "read_free_mb", lambda: 6 * EACH + 10)


@pytest.mark.parametrize(
    ("submissions", "wanted", "expected"), [(1000, None, 6), (64, None, 4), (3, None, 1), (1000, 12, 12), (1000, 2, 2)]
)
def test_the_scarcest_counts(submissions: int, wanted: int | None, expected: int) -> None:
    """Memory here, the class's size there; what was asked for is what is done."""
    assert choose_worker_count(submissions, A4, wanted=wanted) == expected


def test_a_machine_without_memory_still_grades(monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker at least."""
    monkeypatch.setattr(capacity, "read_free_mb", lambda: 1)
    assert choose_worker_count(1000, A4) == 1


def test_a_gpu_has_so_many_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU gets no more workers than its memory is cut into, even if more were asked for."""
    monkeypatch.setattr(capacity, "choose_device", lambda assignment, device: Device("cuda:0", "cuda:0 some"))
    assert choose_worker_count(1000, A4, wanted=64) == 10


@pytest.mark.parametrize(("limit", "expected"), [("max", 2000), (str(1500 << 20), 1000), (str(9000 << 20), 2000)])
def test_a_containers_limit_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit: str, expected: int) -> None:
    """Whichever is less: what the machine has left, or what the container may still take."""
    monkeypatch.undo()
    (tmp_path / "meminfo").write_text(f"MemTotal: 9 kB\nMemAvailable: {2000 << 10} kB\n")
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text(str(500 << 20))
    monkeypatch.setattr(capacity, "MEMORY_FILE", tmp_path / "meminfo")
    monkeypatch.setattr(capacity, "CGROUP", tmp_path)
    assert read_free_mb() == expected
