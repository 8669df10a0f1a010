"""Files that may be the submission, and which of them is.

The rule, where there are several: the file that defines most of the names that the assignment expects; among those the
one with the fewest open TODOs; then the one with the expected name (a copy's mark such as ` (1)` does not count), a
module before a notebook, the shallowest, the first of the alphabet.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import PurePosixPath

from grader.intake.archive import MAX_BYTES, name_damage
from grader.intake.decoding import decode
from grader.intake.definitions import Extract, extract_definitions
from grader.intake.entries import Entry, compute_checksum, normalize_name, read_chunks
from grader.intake.notebook import read_cells
from grader.intake.pieces import Piece
from grader.model.errors import SubmissionRefused
from grader.model.submission import SourceFile

MAX_SOURCE = 2 * 2**20
MAX_CANDIDATES = 30

_NOTEBOOK_KEY = re.compile(rb'\A[\s\x00\xef\xbb\xbf\xff\xfe]*\{[\s\x00]*"')
_CODE_NAME = re.compile(r"\.(?:py|ipynb)(?:\.txt|\.json)?\Z")
# What browsers, Windows, macOS and learning-management systems add to the name of a second copy.
_COPY_MARK = re.compile(r"(?: ?\(\d+\)|[-_ ]\d+| ?-? ?(?:copy|복사본)(?: ?\(?\d+\)?)?)+\Z")


@dataclass(frozen=True)
class Candidate:
    """A file that was looked at; `refused` says why it cannot be the submission where `extract` is None."""

    entry: Entry
    file: SourceFile
    extract: Extract | None
    refused: str = ""

    def count_found(self, expected: Collection[str]) -> int:
        """How many of the expected names it defines."""
        return len(self.extract.definitions.keys() & set(expected)) if self.extract else 0


def read_candidate(entry: Entry, expected: Collection[str]) -> Candidate:
    """Read one file as a module or as a notebook, by what is in it rather than by its name."""
    file = SourceFile(entry.path, "")
    try:
        if entry.size > MAX_BYTES:
            raise SubmissionRefused(f"{entry.name} is larger than {MAX_BYTES >> 20} MB: hand in the code only")
        with name_damage(entry.name):
            file = SourceFile(entry.path, compute_checksum(entry))
            return Candidate(entry, file, extract_definitions(_read_pieces(entry), expected))
    except SubmissionRefused as refusal:
        return Candidate(entry, file, None, str(refusal))


def list_promising(entries: Sequence[Entry], module: str) -> list[Entry]:
    """The files that may hold Python, the likeliest names first, and no more than can be read in a moment."""
    code = [entry for entry in entries if _CODE_NAME.search(entry.name.lower())]
    code.sort(key=lambda entry: (_rank_name(entry, module), *_rank_place(entry)))
    return code[:MAX_CANDIDATES]


def list_bare(entries: Sequence[Entry]) -> list[Entry]:
    """Return the files whose names have no ending, the shallowest first, and no more than can be read in a moment."""
    bare = [entry for entry in entries if "." not in entry.name]
    return sorted(bare, key=_rank_place)[:MAX_CANDIDATES]


def choose(candidates: Sequence[Candidate], module: str, expected: Collection[str]) -> Candidate | None:
    """The candidate that is the submission, by this module's rule; None where none of them can be."""

    def rank(candidate: Candidate) -> tuple[int | str, ...]:
        name = _rank_name(candidate.entry, module)
        stubs = candidate.extract.open_stubs if candidate.extract else 0
        quality = (-candidate.count_found(expected), stubs) if expected else ()
        return (*quality, name, *_rank_place(candidate.entry))

    fitting = [
        candidate
        for candidate in candidates
        if candidate.extract
        and (candidate.count_found(expected) or not expected or _rank_name(candidate.entry, module) < _OTHER_NAME)
    ]
    return min(fitting, key=rank, default=None)


_OTHER_NAME = 2


def _rank_name(entry: Entry, module: str) -> int:
    name, wanted = normalize_name(entry.name), normalize_name(PurePosixPath(module).stem)
    stem = _CODE_NAME.sub("", name)
    if stem == wanted:
        return 0
    return 1 if _COPY_MARK.sub("", stem) == wanted else _OTHER_NAME


def _rank_place(entry: Entry) -> tuple[int, int, str]:
    return ".ipynb" in entry.name.lower(), entry.path.count("/"), entry.path


def _read_pieces(entry: Entry) -> list[Piece]:
    chunks = read_chunks(entry)
    first = next(chunks, b"")
    if _NOTEBOOK_KEY.match(first) or ".ipynb" in entry.name.lower():
        pieces = _read_notebook(entry, chain([first], chunks))
    else:
        pieces = [Piece(_read_module(entry, first, chunks), entry.path)]
    if sum(len(piece.text) for piece in pieces) > MAX_SOURCE:
        raise SubmissionRefused(_tell_too_large(entry))
    return pieces


def _read_notebook(entry: Entry, chunks: Iterator[bytes]) -> list[Piece]:
    cells = read_cells(chunks, entry.name)
    if not any(cell.strip() for cell in cells):
        raise SubmissionRefused(f"{entry.name} holds no code: save the notebook and hand it in again")
    return [Piece(cell, entry.path, number) for number, cell in enumerate(cells, start=1)]


def _read_module(entry: Entry, first: bytes, chunks: Iterator[bytes]) -> str:
    data = first + b"".join(islice(chunks, 4 * MAX_SOURCE // 2**20))
    if next(chunks, b""):
        raise SubmissionRefused(_tell_too_large(entry))
    if data.lstrip()[:9].lower().startswith((b"<!doctype", b"<html")):
        raise SubmissionRefused(
            f"{entry.name} is a web page, not Python: download the file itself and hand it in again"
        )
    text = decode(data, entry.name)
    if not text.strip():
        raise SubmissionRefused(f"{entry.name} is empty: save it and hand it in again")
    return text


def _tell_too_large(entry: Entry) -> str:
    return f"{entry.name} holds more than {MAX_SOURCE >> 20} MB of code: hand in the assignment's definitions only"
