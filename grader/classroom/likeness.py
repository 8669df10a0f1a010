"""Find pairs of students whose work shares what few others have.

Right answers to a short TODO look alike, so a high share of equal code proves nothing. What counts is surprise: a
fragment that two students of three hundred share is worth more bits than one that everybody has. Fragments are
subtrees of the syntax tree with local names replaced by their order, so that renaming, reordering and comments change
nothing. The skeleton's own text does not count, and a fragment of the solution counts as if many students had it.

The fragments of one function are not independent: a student who shares the first line often shares the second. So a
function counts once, by its most surprising fragment, times the logarithm of the lines shared; functions add up.
"""

import ast
import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, islice

from rich.table import Table
from rich.text import Text

from grader.classroom.gradebook import Gradebook
from grader.classroom.run_folder import RunFolder
from grader.examiner.recording import read_recording
from grader.model.errors import UsageError
from grader.reporting.safe_text import escape_control_characters
from grader.reporting.terminal import make_console

# Syntax-tree nodes of a fragment: smaller ones are in everybody's work, larger ones say what their parts say.
MIN_NODES = 6
MAX_NODES = 60
MAX_FRAGMENTS = 4000
# A fragment that more than this share of the class has is no evidence.
COMMON_SHARE = 0.2
# A fragment of the solution counts as if this share of the class had it as well.
KNOWN_SHARE = 0.1
# Pairs with less surprise than this are chance.
MIN_BITS = 8.0
MOST_ON_TERMINAL = 10

_SKIPPED_FIELDS = frozenset({"lineno", "col_offset", "end_lineno", "end_col_offset", "type_comment", "kind", "ctx"})


@dataclass(frozen=True)
class Place:
    """The function that a fragment stands in, its first line and the line after its last."""

    function: str
    first: int
    end: int


@dataclass(frozen=True)
class Work:
    """One student's module as fragments: each digest with the place where it stands."""

    student: str
    source: str
    fragments: Mapping[str, Place] = field(repr=False)
    name: str = ""

    @property
    def label(self) -> str:
        """Return the student's name with the id."""
        return f"{self.name} ({self.student})" if self.name else self.student


@dataclass(frozen=True)
class SimilarPair:
    """Two works with what they share: the surprise in bits, the share of equal fragments, and the lines of each."""

    first: Work
    second: Work
    bits: float
    share: float
    first_lines: frozenset[int]
    second_lines: frozenset[int]

    @property
    def rank(self) -> float:
        """Return the sort key: much surprise, and little that differs."""
        return self.bits * self.share**3


def read_works(run: RunFolder, gradebook: Gradebook) -> list[Work]:
    """Read what each student of a run submitted, as the recordings hold it.

    Leaves out students without a recording, such as those whose file could not be read. Raises UsageError if nothing
    was recorded at all.
    """
    works = []
    for report in run.read_reports():
        attempt = gradebook.find_latest_attempt(report.submission.student, report.assignment.name)
        path = run.recordings / attempt.evidence.recording if attempt and attempt.evidence.recording else None
        if path is not None:
            work = read_work(report.submission.student, read_recording(path).submission.source)
            works.append(replace(work, name=report.submission.name))
    if not works:
        raise UsageError(f"no recordings in {str(run.folder)!r}: grade the class without --no-record")
    return works


def read_work(student: str, source: str) -> Work:
    """Split a module into fragments. Raises SyntaxError or RecursionError for a source that does not parse."""
    return Work(student, source, dict(_list_fragments(ast.parse(source))))


def find_pairs(works: Sequence[Work], *, skeleton: str = "", known: Iterable[str] = ()) -> list[SimilarPair]:
    """Return the pairs that share surprising fragments, the most surprising first.

    `skeleton` is the text that every student starts from, `known` holds solutions. Takes time in proportion to the
    number of pairs that share a fragment which few have.
    """
    given = {digest for digest, _ in _list_fragments(ast.parse(skeleton))}
    expected = {digest for source in known for digest, _ in _list_fragments(ast.parse(source))}
    holders: dict[str, list[int]] = defaultdict(list)
    for index, work in enumerate(works):
        for digest in work.fragments:
            if digest not in given:
                holders[digest].append(index)
    bits = {}
    for digest, who in holders.items():
        # Two students are the least that can share; then the class is as surprised as it can be.
        usual = max(len(who) - 1, 1) + (KNOWN_SHARE * len(works) if digest in expected else 0.0)
        bits[digest] = max(math.log2(len(works) / usual), 0.0) if len(works) > 1 else 0.0
    shared: dict[tuple[int, int], list[str]] = defaultdict(list)
    for digest, who in holders.items():
        if 2 <= len(who) <= max(2, COMMON_SHARE * len(works)) and bits[digest] > 0:
            for pair in combinations(who, 2):
                shared[pair].append(digest)
    pairs = [_make_pair(works[one], works[two], digests, bits, given) for (one, two), digests in shared.items()]
    return sorted((pair for pair in pairs if pair.bits >= MIN_BITS), key=lambda pair: -pair.rank)


def _make_pair(one: Work, two: Work, digests: list[str], bits: Mapping[str, float], given: set[str]) -> SimilarPair:
    total = min(_add_up(one, digests, bits), _add_up(two, digests, bits))
    mine, theirs = one.fragments.keys() - given, two.fragments.keys() - given
    return SimilarPair(
        one,
        two,
        bits=round(total, 1),
        share=round(len(mine & theirs) / len(mine | theirs), 3),
        first_lines=_cover(one, digests),
        second_lines=_cover(two, digests),
    )


def _add_up(work: Work, digests: Iterable[str], bits: Mapping[str, float]) -> float:
    """Return the surprise of these fragments in one work, function by function."""
    lines: dict[str, set[int]] = defaultdict(set)
    best: dict[str, float] = defaultdict(float)
    for digest in digests:
        place = work.fragments[digest]
        lines[place.function].update(range(place.first, place.end))
        best[place.function] = max(best[place.function], bits[digest])
    return sum(best[function] * math.log2(1 + len(lines[function])) for function in best)


def _cover(work: Work, digests: list[str]) -> frozenset[int]:
    places = [work.fragments[digest] for digest in digests]
    return frozenset(line for place in places for line in range(place.first, place.end))


def _walk(node: ast.AST, function: str = "") -> Iterator[tuple[ast.AST, str]]:
    """Yield every node below with the function it stands in."""
    for child in ast.iter_child_nodes(node):
        inner = f"{function}.{child.name}" if isinstance(child, (ast.FunctionDef, ast.ClassDef)) else function
        yield child, inner
        yield from _walk(child, inner)


def _list_fragments(tree: ast.Module) -> Iterator[tuple[str, Place]]:
    """Yield the digest and the place of every fragment."""
    found = 0
    for node, function in _walk(tree):
        if not isinstance(node, (ast.stmt, ast.expr, ast.comprehension)):
            continue
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if is_docstring or isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
            continue
        size = sum(1 for _ in islice(ast.walk(node), MAX_NODES + 1))
        if MIN_NODES <= size <= MAX_NODES:
            found += 1
            if found > MAX_FRAGMENTS:
                return
            text = _write(node, {})
            lines = [part.lineno for part in ast.walk(node) if isinstance(part, (ast.stmt, ast.expr))] or [0]
            place = Place(function, min(lines), max(lines) + 1)
            yield hashlib.blake2b(text.encode(), digest_size=12).hexdigest(), place


def _write(node: ast.AST, names: dict[str, str]) -> str:
    """Write a subtree as text with variables numbered in order of appearance, and without annotations."""
    if isinstance(node, ast.Name):
        return names.setdefault(node.id, f"v{len(names)}")
    if isinstance(node, ast.arg):
        return names.setdefault(node.arg, f"v{len(names)}")
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return f"Assign({_write(node.target, names)},{_write(node.value, names)})"
    parts = []
    for name, value in ast.iter_fields(node):
        if name in _SKIPPED_FIELDS or name in ("annotation", "returns"):
            continue
        if isinstance(value, list):
            parts.append(",".join(_write(item, names) if isinstance(item, ast.AST) else repr(item) for item in value))
        else:
            parts.append(_write(value, names) if isinstance(value, ast.AST) else repr(value))
    return f"{type(node).__name__}({';'.join(parts)})"


def list_shared_mistakes(messages: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Return the messages that exactly a few students share: message -> students, the rarest first."""
    counts: Counter[str] = Counter(text for texts in messages.values() for text in set(texts))
    rare = {text for text, count in counts.items() if 2 <= count <= max(2, COMMON_SHARE * len(messages) / 4)}
    found: dict[str, list[str]] = defaultdict(list)
    for student, texts in messages.items():
        for text in sorted(set(texts) & rare):
            found[text].append(student)
    return dict(sorted(found.items(), key=lambda entry: len(entry[1])))


def print_pairs(pairs: Sequence[SimilarPair]) -> None:
    """Print pairs of similar work, the most surprising first: on a terminal only the first ones."""
    console = make_console()
    shown = pairs[:MOST_ON_TERMINAL] if console.is_terminal else pairs
    table = Table("first", "second", "bits", "equal", box=None)
    for pair in shown:
        names = [Text(escape_control_characters(work.label)) for work in (pair.first, pair.second)]
        table.add_row(*names, f"{pair.bits:.0f}", f"{pair.share:.0%}")
    console.print(table if pairs else "no pair shares more than chance explains")
    if len(shown) < len(pairs):
        console.print(f"{len(pairs) - len(shown)} more pairs: write the output to a file, or use --html")
