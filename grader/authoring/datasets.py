"""The course's texts and models: what there is, whether it is whole, and fetching what is not ours to ship.

`datasets/manifest.toml` says what each file must be. A download is resumable: what has arrived is kept beside its
place, and nothing stands in its place unverified.
"""

import hashlib
import http.client
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from pydantic import ValidationError
from rich.table import Table

from grader.model.assignment import Frozen
from grader.model.errors import BrokenSuite, UsageError
from grader.reporting.console import make_console

CHUNK_BYTES = 1 << 16
WAIT_SECONDS = 30.0
PARTIAL_CONTENT = 206
RANGE_NOT_SATISFIABLE = 416

Tell = Callable[[int, int], None]


class State(StrEnum):
    """The state of a dataset: only a ready one can be used."""

    READY = "ready"
    MISSING = "missing"
    DAMAGED = "damaged"


class Dataset(Frozen):
    """One entry of the manifest; `sample` names what serves until it is fetched."""

    name: str
    title: str
    file: str
    licence: str
    source: str
    size: int | None = None
    sha256: str = ""
    git_blob_sha1: str = ""
    url: str = ""
    sample: str = ""
    built_by: str = ""

    @property
    def remedy(self) -> str:
        """Return what to do if it is missing or damaged."""
        if self.url:
            return f"run `grader datasets fetch {self.name}`"
        return f"run `{self.built_by}`" if self.built_by else f"restore {self.file!r} from the course's repository"


@dataclass(frozen=True)
class DatasetFinding:
    """The state of one dataset, and where it is not ready a sentence that says why and what to do."""

    dataset: Dataset
    path: Path
    state: State
    detail: str = ""


class Response(Protocol):
    """The part of an HTTP response that a download needs."""

    status: int
    headers: Any

    def read(self, count: int) -> bytes:
        """Return the next bytes of the body, none at its end."""


def list_datasets(folder: Path) -> list[Dataset]:
    """Return the datasets of the manifest, in its order. Raises BrokenSuite if the manifest is wrong."""
    path = folder / "manifest.toml"
    if not path.exists():
        return []  # a course need not have any
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
        return [Dataset(name=name, **entry) for name, entry in entries.items()]
    except (OSError, tomllib.TOMLDecodeError, TypeError, ValidationError) as error:
        raise BrokenSuite(f"{path}: {error}") from error


def verify_datasets(folder: Path, names: list[str] | None = None) -> list[DatasetFinding]:
    """Read every byte of these datasets, or of all, and return their states. Raises UsageError for an unknown name."""
    chosen = [_find_dataset(name, folder) for name in names] if names else list_datasets(folder)
    return [_examine(dataset, folder) for dataset in chosen]


def find_dataset(name: str, folder: Path) -> Path:
    """Return the file to read for a dataset: its own if whole, else its sample. Raises UsageError without either."""
    finding = _examine(_find_dataset(name, folder), folder)
    if finding.state is State.READY:
        return finding.path
    if finding.dataset.sample:
        return find_dataset(finding.dataset.sample, folder)
    raise UsageError(f"dataset {name!r} is {finding.state}: {finding.detail}")


def fetch_dataset(name: str, folder: Path, *, tell: Tell = lambda done, total: None) -> Path:
    """Download a dataset, going on from what an earlier try left, and put it in place once it is verified.

    `tell(done, total)` is called with the progress in bytes. Raises UsageError where it cannot be had now.
    """
    finding = _examine(_find_dataset(name, folder), folder)
    dataset = finding.dataset
    if finding.state is State.READY:
        return finding.path
    if not dataset.url or dataset.size is None:
        raise UsageError(f"dataset {name!r} is not fetched from anywhere: {dataset.remedy}")
    partial = finding.path.with_name(finding.path.name + ".partial")
    partial.parent.mkdir(parents=True, exist_ok=True)
    _Download(dataset, dataset.size, partial, tell).run()
    fault = _find_fault(dataset, partial)
    if fault:
        partial.unlink()
        raise UsageError(f"{dataset.url} is not the {name!r} that the manifest describes: {fault}; nothing was kept")
    partial.replace(finding.path)
    return finding.path


class _Download:
    """One dataset on its way into `partial`."""

    def __init__(self, dataset: Dataset, size: int, partial: Path, tell: Tell) -> None:
        self.dataset = dataset
        self.size = size
        self.partial = partial
        self.tell = tell

    def run(self) -> None:
        """Connect again as long as bytes are missing and the last connection brought some."""
        before = -1
        reason = ""
        while before < self._count() < self.size:
            before = self._count()
            reason = self._receive(before)
        if self._count() < self.size:
            host = urlsplit(self.dataset.url).netloc
            sample = f"; until then the sample {self.dataset.sample!r} is used" if self.dataset.sample else ""
            so_far = f"{self._count():,} of {self.size:,} bytes are here"
            raise UsageError(
                f"cannot fetch {self.dataset.name!r} from {host}: {reason} ({so_far}); "
                f"run the same command again, or put the file at {self.partial.with_suffix('')} yourself{sample}"
            )

    def _receive(self, offset: int) -> str:
        """Receive what one connection brings, and say how it ended."""
        request = urllib.request.Request(self.dataset.url, headers={"Range": f"bytes={offset}-"} if offset else {})
        try:
            with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:
                # A server may ignore what was asked for and begin at the beginning.
                given = str(answer.headers["Content-Range"]) if answer.status == PARTIAL_CONTENT else ""
                self._append(answer, offset if given.startswith(f"bytes {offset}-") else 0)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == RANGE_NOT_SATISFIABLE:
                self.partial.unlink()  # it is longer than the file over there, so it is no part of it
            return f"the server answered {error.code} {error.reason}"
        except (OSError, http.client.HTTPException) as error:
            return str(getattr(error, "reason", "") or error)
        return "the connection ended early"

    def _append(self, answer: Response, offset: int) -> None:
        with self.partial.open("r+b" if offset else "wb") as file:
            file.seek(offset)
            while file.tell() <= self.size and (chunk := answer.read(CHUNK_BYTES)):
                file.write(chunk)
                self.tell(file.tell(), self.size)

    def _count(self) -> int:
        return self.partial.stat().st_size if self.partial.exists() else 0


def _find_dataset(name: str, folder: Path) -> Dataset:
    datasets = {dataset.name: dataset for dataset in list_datasets(folder)}
    if name not in datasets:
        raise UsageError(f"no dataset {name!r}: there are {', '.join(datasets)}")
    return datasets[name]


def _examine(dataset: Dataset, folder: Path) -> DatasetFinding:
    path = folder / dataset.file
    if not path.exists():
        return DatasetFinding(dataset, path, State.MISSING, f"{dataset.file!r} is not there; {dataset.remedy}")
    fault = _find_fault(dataset, path)
    if fault:
        return DatasetFinding(dataset, path, State.DAMAGED, f"{dataset.file!r}: {fault}; {dataset.remedy}")
    return DatasetFinding(dataset, path, State.READY)


def _find_fault(dataset: Dataset, path: Path) -> str:
    """Return the fault of a file, or an empty text."""
    size = path.stat().st_size
    if dataset.size is not None and size != dataset.size:
        return f"it has {size:,} bytes, not {dataset.size:,}"
    if dataset.sha256 and _hash_file(path, hashlib.sha256()) != dataset.sha256:
        return "its SHA-256 differs"
    if dataset.git_blob_sha1 and _hash_file(path, hashlib.sha1(b"blob %d\0" % size)) != dataset.git_blob_sha1:
        return "its git blob SHA-1 differs"
    if dataset.file.endswith("SHA256SUMS"):  # it names files, each by its path from here
        for line in path.read_text(encoding="utf-8").splitlines():
            digest, name = line.split("  ", 1)
            if not (path.parent / name).exists():
                return f"{name!r} is not there"
            if _hash_file(path.parent / name, hashlib.sha256()) != digest:
                return f"the SHA-256 of {name!r} differs"
    return ""


def _hash_file(path: Path, digest: Any) -> str:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return str(digest.hexdigest())


def print_datasets(datasets: Sequence[Dataset]) -> None:
    """Print every dataset of the manifest."""
    table = Table("dataset", "what", "MB", "licence", "source", box=None)
    for dataset in datasets:
        size = f"{dataset.size / 1e6:.2f}" if dataset.size else ""
        table.add_row(dataset.name, dataset.title, size, dataset.licence, dataset.source)
    make_console().print(table)


def print_findings(findings: Sequence[DatasetFinding]) -> None:
    """Print whether each dataset is whole, and what to do where it is not."""
    for finding in findings:
        make_console().print(f"{finding.dataset.name:<14} {finding.state.value:<8} {finding.detail}", markup=False)
