"""A path that was handed in -> a Submission. The way in to intake."""

import stat
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from grader.intake.archive import is_archive, list_archive
from grader.intake.budget import Budget
from grader.intake.candidates import (
    MAX_CANDIDATES,
    Candidate,
    choose,
    explain_choice,
    list_bare,
    list_promising,
    read_candidate,
)
from grader.intake.entries import Entry, Listing, normalize_name, read_chunks, read_name
from grader.intake.folder import list_folder, open_file, scan
from grader.intake.kinds import HEAD_BYTES, describe_kind
from grader.model.digests import identify, identify_refused
from grader.model.errors import SubmissionNotFound, SubmissionRefused
from grader.model.submission import SourceFile, Submission

ANOTHER = "probably another assignment"
MAX_NESTING = 2
MAX_ARCHIVES = 5
_ARCHIVE_SUFFIXES = (".zip", ".tar", ".tgz", ".tar.gz", ".7z", ".rar", ".txz", ".tar.xz", ".tbz", ".tbz2", ".tar.bz2")


@dataclass(frozen=True)
class Wanted:
    """The module and the names that the assignment asks for."""

    module: str
    expected: frozenset[str]
    budget: Budget = field(default_factory=Budget)


@dataclass(frozen=True)
class Opened:
    """The contents of a path: one file, or the files of a folder. `name` is its last part."""

    name: str
    files: Entry | Listing


@dataclass(frozen=True)
class Finding:
    """The file that is the submission, or the reason why there is none."""

    chosen: Candidate | None = None
    reason: str = ""
    looked_at: tuple[SourceFile, ...] = ()
    notes: tuple[str, ...] = ()


def read_submission(path: Path, *, module: str, defines: Collection[str] = (), student: str = "") -> Submission:
    """Read a .py, .ipynb, .zip, .tar.gz or directory as one module of definitions.

    `module` is the file that was asked for. `defines` are the names that the tests will ask for: a renamed file is
    found by them, and what only other functions use is not run. Raises SubmissionNotFound where nothing can be read
    at `path`; anything wrong with the contents is a Submission that says so in `refused`.
    """
    with name_unreadable(path):
        try:
            opened = open_path(find_path(path), module)
        except SubmissionRefused as refusal:
            return refuse(module, str(refusal), student=student)
        return read_opened(opened, module=module, defines=defines, student=student)


def read_opened(opened: Opened, *, module: str, defines: Collection[str] = (), student: str = "") -> Submission:
    """Read what was opened as one module of definitions. Raises OSError where a file cannot be read."""
    wanted = Wanted(module, frozenset(name.partition(".")[0] for name in defines))
    try:
        with ExitStack() as stack:
            finding = _find(opened, wanted, stack)
    except SubmissionRefused as refusal:
        return refuse(module, str(refusal), student=student)
    if finding.chosen is None or finding.chosen.extract is None:
        return refuse(module, finding.reason, finding.looked_at, student=student)
    extract = finding.chosen.extract
    return Submission(
        id=identify(wanted.module, extract.source),
        student=student,
        source=extract.source,
        origins=extract.origins,
        files=finding.looked_at,
        left_out=(*extract.left_out, *finding.notes),
        missing=extract.missing,
        definitions=extract.definitions,
    )


def refuse(module: str, reason: str, files: tuple[SourceFile, ...] = (), *, student: str = "") -> Submission:
    """Return a submission that could not be read, for that reason."""
    return Submission(id=identify_refused(module, reason, files), student=student, files=files, refused=reason)


def find_candidate(path: Path, *, module: str, defines: Collection[str] = (), name: str = "") -> Candidate | None:
    """Return the file that is the submission at `path`, as it compares with others; none where there is none.

    `name` is what the student called it, where the system has added to that.
    """
    try:
        return find_opened(open_path(path, module), module=module, defines=defines, name=name)
    except (SubmissionRefused, OSError):
        return None  # why it cannot be read is said where it is graded


def find_opened(opened: Opened, *, module: str, defines: Collection[str] = (), name: str = "") -> Candidate | None:
    """Return the same for what was opened. Raises SubmissionRefused, or OSError where a file cannot be read."""
    wanted = Wanted(module, frozenset(item.partition(".")[0] for item in defines))
    with ExitStack() as stack:
        chosen = _find(opened, wanted, stack).chosen
    if chosen and name and isinstance(opened.files, Entry) and chosen.entry.path == opened.files.path:
        return replace(chosen, entry=replace(chosen.entry, path=name))
    return chosen


def open_path(path: Path, module: str) -> Opened:
    """List the files at a path; none is read yet. Raises SubmissionRefused for what is neither folder nor file."""
    if path.is_dir():
        return Opened(path.name, list_folder(path))
    if not stat.S_ISREG(path.stat().st_mode):
        raise SubmissionRefused(f"{path.name} is no regular file: hand in {module}")
    return Opened(path.name, open_file(path, read_name(path.name)))


@contextmanager
def name_unreadable(path: Path) -> Iterator[None]:
    """Turn an error of this machine into SubmissionNotFound, with the path."""
    try:
        yield
    except OSError as error:
        raise SubmissionNotFound(
            f"{str(path)!r} cannot be read: {error.strerror or error}; check its rights"
        ) from error


def find_path(path: Path) -> Path:
    """Return `path`, or its neighbour whose name composes Hangul in another way. Raises SubmissionNotFound."""
    if path.exists():
        return path
    if path.parent.is_dir():
        for item in scan(path.parent):
            if read_name(item.name) == read_name(path.name):
                return Path(item.path)
    raise SubmissionNotFound(f"nothing at {str(path)!r}: check the path")


def _find(opened: Opened, wanted: Wanted, stack: ExitStack) -> Finding:
    if isinstance(opened.files, Listing):
        return _search(opened.files, opened.name, wanted, stack)
    entry = opened.files
    if is_archive(_read_head(entry)):
        return _open_archive(entry, wanted, stack)
    candidate = read_candidate(entry, wanted.expected, wanted.budget)
    return Finding(candidate, candidate.refused, (candidate.file,), tuple(_doubt(candidate, wanted)))


def _open_archive(entry: Entry, wanted: Wanted, stack: ExitStack, depth: int = 1) -> Finding:
    listing = list_archive(entry, stack)
    inside = [replace(item, path=f"{entry.path}/{item.path}") for item in listing.entries]
    return _search(Listing(inside, listing.notes), entry.name, wanted, stack, depth)


def _search(listing: Listing, name: str, wanted: Wanted, stack: ExitStack, depth: int = 0) -> Finding:
    promising = list_promising(listing.entries, wanted.module)
    candidates = [read_candidate(entry, wanted.expected, wanted.budget) for entry in promising]
    if chosen := choose(candidates, wanted.module, wanted.expected):
        notes = (*listing.notes, *_tell_others(chosen, candidates, wanted), *_tell_neighbours(chosen, listing.entries))
        return Finding(chosen, looked_at=(chosen.file,), notes=notes)
    bare = list_bare(listing.entries)
    packed = [entry for entry in bare if is_archive(_read_head(entry))]
    archives = [entry for entry in listing.entries if entry.name.lower().endswith(_ARCHIVE_SUFFIXES)]
    findings = _search_archives([*archives, *packed], name, wanted, stack, depth)
    found = next((finding for finding in findings if finding.chosen), None)
    if found:
        return found
    # Last of all what has no ending: most such files (LICENSE, Makefile) hold no code.
    unnamed = [read_candidate(entry, wanted.expected) for entry in bare if entry not in packed]
    if chosen := choose(unnamed, wanted.module, wanted.expected):
        return Finding(chosen, looked_at=(chosen.file,), notes=tuple(listing.notes))
    reasons = [candidate.refused for candidate in candidates if candidate.refused]
    reasons += [finding.reason for finding in findings]
    reason = reasons[0] if reasons else _tell_nothing(listing, candidates, name, wanted)
    return Finding(reason=reason, looked_at=tuple(candidate.file for candidate in candidates))


def _search_archives(
    archives: Sequence[Entry], name: str, wanted: Wanted, stack: ExitStack, depth: int
) -> list[Finding]:
    if archives and depth >= MAX_NESTING:
        raise SubmissionRefused(f"{name} holds archives inside archives: hand in {wanted.module} itself")
    if len(archives) > MAX_ARCHIVES:
        raise SubmissionRefused(f"{name} holds {len(archives)} archives: hand in {wanted.module} itself")
    findings = []
    for entry in archives:
        try:
            findings.append(_open_archive(entry, wanted, stack, depth + 1))
        except SubmissionRefused as refusal:
            findings.append(Finding(reason=str(refusal)))
    return findings


def _doubt(candidate: Candidate, wanted: Wanted) -> Iterator[str]:
    """Say so where a file holds nothing of the assignment."""
    if candidate.extract is None or not wanted.expected or candidate.count_found(wanted.expected):
        return
    if not candidate.extract.missing.keys() & set(wanted.expected):
        names = ", ".join(sorted(wanted.expected)[:5])
        yield f"{candidate.entry.name} defines none of {names}: {ANOTHER}"


def _tell_others(chosen: Candidate, candidates: Sequence[Candidate], wanted: Wanted) -> list[str]:
    notes = list(_doubt(chosen, wanted))
    for other in candidates:
        if other.refused:
            notes.append(f"{other.entry.path} was not used: {other.refused}")
        elif other is not chosen and (other.count_found(wanted.expected) or not wanted.expected):
            reason = explain_choice(chosen, other, candidates, wanted.module, wanted.expected)
            notes.append(f"{other.entry.path} was not used, {chosen.entry.path} was: {reason}")
    if len(candidates) == MAX_CANDIDATES:
        notes.append(f"only the {MAX_CANDIDATES} likeliest files were looked at")
    return notes


def _tell_neighbours(chosen: Candidate, entries: Sequence[Entry]) -> list[str]:
    stems = {normalize_name(PurePosixPath(entry.path).stem): entry for entry in entries if entry.name.endswith(".py")}
    imports = chosen.extract.imports if chosen.extract else {}
    neighbours = [(line, stems[name]) for name, line in imports.items() if name in stems]
    return [
        f"line {line}: {entry.path} is not taken along; move what is needed into {chosen.entry.name}"
        for line, entry in neighbours
        if entry is not chosen.entry
    ]


def _tell_nothing(listing: Listing, candidates: Sequence[Candidate], name: str, wanted: Wanted) -> str:
    entries = listing.entries
    if not entries:
        unread = f" ({'; '.join(listing.notes[:3])})" if listing.notes else ""
        return f"{name} is empty{unread}: hand in {wanted.module} or its notebook"
    if not candidates:
        kinds = (describe_kind(_read_head(entry), entry.name, wanted.module) for entry in entries[:5])
        if kind := next(filter(None, kinds), ""):
            return f"no {wanted.module} in {name}: {kind}"
        found = ", ".join(entry.path for entry in entries[:5])
        return f"no {wanted.module} in {name}: found {found}; hand in {wanted.module} or its notebook"
    defined = sorted({item for candidate in candidates if candidate.extract for item in candidate.extract.definitions})
    return (
        f"no file in {name} defines {', '.join(sorted(wanted.expected)[:5])}: found "
        f"{', '.join(candidate.entry.path for candidate in candidates[:5])}, which define "
        f"{', '.join(defined[:8]) or 'nothing'}; hand in {wanted.module}, and keep the skeleton's names"
    )


def _read_head(entry: Entry) -> bytes:
    return next(read_chunks(entry), b"")[:HEAD_BYTES]
