"""Files that may be the submission, and which of them is.

The rule, where there are several: the file that defines most of the
names that the assignment expects; among those one that is not just the skeleton; then one that is not put aside
(`old/`, `backup/`, `attention_old.py`); the one with the fewest open TODOs; the newest, where their times are more than
two minutes apart; then the one with the expected name (a copy's mark such as ` (1)` does not count), a module before a
notebook, the shallowest, the first of the alphabet.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import PurePosixPath

from grader.intake.archive import name_damage
from grader.intake.budget import MAX_BYTES, Budget
from grader.intake.decoding import decode
from grader.intake.definitions import Extract, extract_definitions
from grader.intake.entries import Entry, compute_checksum, normalize_name, read_chunks
from grader.intake.kinds import describe_kind
from grader.intake.notebook import read_cells
from grader.intake.pieces import Piece
from grader.model.errors import SubmissionRefused
from grader.model.submission import SourceFile

MAX_SOURCE = 2 * 2**20
MAX_CANDIDATES = 30

_NOTEBOOK_KEY = re.compile(rb'\A[\s\x00\xef\xbb\xbf\xff\xfe]*\{[\s\x00]*"')
_CODE_NAME = re.compile(r"\.(?:py|ipynb)(?:\.txt|\.json)?\Z")
# Folders and files for what is no longer used.
_PUT_ASIDE = re.compile(
    r"(?:^|/)_*(?:old|older|bak|backups?|archived?|prev|previous|trash|deprecated|\.ipynb_checkpoints|이전|백업)"
    r"[-_ ]?\d*/"
    r"|[-_. ](?:old|bak|backup|checkpoint)\d*\.(?:py|ipynb)$"
)
# What browsers, Windows, macOS and learning-management systems add to the name of a second copy.
_COPY_MARK = re.compile(r"(?: ?\(\d+\)|[-_ ]\d+| ?-? ?(?:copy|복사본)(?: ?\(?\d+\)?)?)++\Z")


@dataclass(frozen=True)
class Candidate:
    """A file that was looked at; `refused` says why it cannot be the submission where `extract` is None."""

    entry: Entry
    file: SourceFile
    extract: Extract | None
    refused: str = ""

    def count_found(self, expected: Collection[str]) -> int:
        """Return how many of the expected names it defines."""
        return len(self.extract.definitions.keys() & set(expected)) if self.extract else 0


def read_candidate(entry: Entry, expected: Collection[str], budget: Budget | None = None) -> Candidate:
    """Read one file as a module or as a notebook, by what is in it rather than by its name."""
    file = SourceFile(entry.path, "")
    budget = budget or Budget()
    try:
        if entry.size > MAX_BYTES:
            raise SubmissionRefused(f"{entry.name} is larger than {MAX_BYTES >> 20} MB: hand in the code only")
        with name_damage(entry.name):
            file = SourceFile(entry.path, compute_checksum(entry, budget))
            return Candidate(entry, file, extract_definitions(_read_pieces(entry), expected, budget))
    except SubmissionRefused as refusal:
        return Candidate(entry, file, None, str(refusal))


def list_promising(entries: Sequence[Entry], module: str) -> list[Entry]:
    """Return the files that may hold Python, the likeliest names first, as many as can be read in a moment."""
    code = [entry for entry in entries if _CODE_NAME.search(entry.name.lower())]
    code.sort(key=lambda entry: (_rank_name(entry, module), *_rank_place(entry)))
    return code[:MAX_CANDIDATES]


def list_bare(entries: Sequence[Entry]) -> list[Entry]:
    """Return the files whose names have no ending, the shallowest first, and no more than can be read in a moment."""
    bare = [entry for entry in entries if "." not in entry.name]
    return sorted(bare, key=_rank_place)[:MAX_CANDIDATES]


def choose(candidates: Sequence[Candidate], module: str, expected: Collection[str]) -> Candidate | None:
    """Return the candidate that is the submission, by this module's rule; None where none of them can be."""
    fitting = [
        candidate
        for candidate in candidates
        if candidate.extract
        and (candidate.count_found(expected) or not expected or _rank_name(candidate.entry, module) < _OTHER_NAME)
    ]
    by_time = _differ_in_time(fitting)
    return min(fitting, key=lambda candidate: tuple(_rank(candidate, module, expected, by_time).values()), default=None)


def explain_choice(
    chosen: Candidate, other: Candidate, candidates: Sequence[Candidate], module: str, expected: Collection[str]
) -> str:
    """Say by which part of the rule a candidate comes behind the chosen one."""
    by_time = _differ_in_time([candidate for candidate in candidates if candidate.extract])
    first, second = (_rank(candidate, module, expected, by_time) for candidate in (chosen, other))
    return next((reason for reason in first if first[reason] != second[reason]), "it comes later")


_OTHER_NAME = 2
# Unpacking or copying gives files times that are closer than this.
_SAME_TIME = 120.0


def _rank(candidate: Candidate, module: str, expected: Collection[str], by_time: bool) -> dict[str, int | float | str]:
    """Return what candidates are compared by, in order, each part under the reason that it gives against a file."""
    entry = candidate.entry
    stubs = candidate.extract.open_stubs if candidate.extract and expected else 0
    return {
        "it defines less of what is asked for": -candidate.count_found(expected),
        "it is not filled in": bool(expected) and stubs >= len(expected),
        "it is put aside": bool(_PUT_ASIDE.search(entry.path.lower())),
        "it has more open TODOs": stubs,
        "it is older": -entry.modified if by_time else 0.0,
        "its name is not the one that is asked for": _rank_name(entry, module),
        "it is a notebook beside a module": ".ipynb" in entry.name.lower(),
        "it lies deeper": entry.path.count("/"),
        "it comes later in the alphabet": entry.path,
    }


def _differ_in_time(candidates: Sequence[Candidate]) -> bool:
    times = [candidate.entry.modified for candidate in candidates]
    return bool(times) and min(times) > 0 and max(times) - min(times) > _SAME_TIME


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
    if kind := describe_kind(first, entry.name):
        raise SubmissionRefused(kind)
    if _NOTEBOOK_KEY.match(first) or ".ipynb" in entry.name.lower():
        cells = read_cells(chain([first], chunks), entry.name)
        if not any(cell.strip() for cell in cells):
            raise SubmissionRefused(f"{entry.name} holds no code: save the notebook and hand it in again")
        pieces = [Piece(cell, entry.path, number) for number, cell in enumerate(cells, start=1)]
    else:
        pieces = [Piece(_read_module(entry, first, chunks), entry.path)]
    if sum(len(piece.text) for piece in pieces) > MAX_SOURCE:
        raise SubmissionRefused(_tell_too_large(entry))
    return pieces


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
