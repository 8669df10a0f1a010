"""Find pairs of students whose work shares what few others have.

Right answers to a short TODO look similar, so a high share of equal code proves nothing. What counts is surprise: a
fragment that two students of three hundred share is worth more bits than one that everybody has. Fragments are
subtrees of the syntax tree with local names replaced by their order, so that renaming, reordering and comments change
nothing. The skeleton's own text does not count, and a fragment of the solution counts as if many students had it.

The fragments of one function are not independent: a student who shares the first line often shares the second. So a
function counts once, by its most surprising fragment, times the logarithm of the lines shared; functions add up.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import combinations

from rich.table import Table
from rich.text import Text

from grader.classroom.gradebook import Gradebook
from grader.classroom.run_folder import RunFolder
from grader.examiner.fragments import Place, split_source
from grader.examiner.recording import read_recording
from grader.model.errors import SubmissionRefused, UsageError
from grader.reporting.console import make_console
from grader.reporting.safe_text import escape_control_characters

# A fragment that more than this share of the class has is no evidence.
COMMON_SHARE = 0.2
# A fragment of the solution counts as if this share of the class had it as well.
KNOWN_SHARE = 0.1
# Pairs with less surprise than this are chance.
MIN_BITS = 8.0
MOST_ON_TERMINAL = 10

Split = Callable[[str], Mapping[str, Place]]


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


def read_works(
    run: RunFolder, gradebook: Gradebook, split: Split, on_refused: Callable[[str, str], None]
) -> list[Work]:
    """Read what each student of a run submitted, as the recordings hold it; `split` lists the fragments of a source.

    Leaves out students without a recording, such as those whose file could not be read, and calls `on_refused` with a
    student and a reason for each source that `split` refuses. Raises UsageError if nothing was recorded at all.
    """
    works = []
    for report in run.read_reports():
        attempt = gradebook.find_latest_attempt(report.submission.student, report.assignment.name)
        path = run.recordings / attempt.evidence.recording if attempt and attempt.evidence.recording else None
        if path is not None:
            student, source = report.submission.student, read_recording(path).submission.source
            try:
                works.append(Work(student, source, split(source), name=report.submission.name))
            except SubmissionRefused as refusal:
                on_refused(student, str(refusal))
    if not works:
        raise UsageError(f"no recordings in {str(run.folder)!r}: grade the class without --no-record")
    return works


def find_pairs(works: Sequence[Work], *, skeleton: str = "", known: Iterable[str] = ()) -> list[SimilarPair]:
    """Return the pairs that share surprising fragments, the most surprising first.

    `skeleton` is the text that every student starts from, `known` holds solutions. Takes time in proportion to the
    number of pairs that share a fragment which few have.
    """
    given = split_source(skeleton).keys()
    expected = {digest for source in known for digest in split_source(source)}
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


def _make_pair(one: Work, two: Work, digests: list[str], bits: Mapping[str, float], given: Set[str]) -> SimilarPair:
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
