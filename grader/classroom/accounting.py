"""The fate of each entry of a class folder: graded, refused or ignored; nothing disappears without a word."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from grader.grading.job import Job
from grader.intake.downloads import Ignored
from grader.model.report import GradeReport

Fate = Literal["graded", "refused", "ignored", "pending", "failed", "left"]
FATES: tuple[Fate, ...] = ("graded", "refused", "ignored", "pending", "failed", "left")
_WORDS = {"pending": "waiting for a GPU", "failed": "not graded, the grader failed", "left": "not reached"}


@dataclass(frozen=True)
class EntryFate:
    """One entry, the students whose work it is, what became of it, and why where it was not graded."""

    entry: str
    students: tuple[str, ...]
    fate: Fate
    reason: str = ""


@dataclass(frozen=True)
class Judged:
    """The end of one attempt, and the reason."""

    fate: Fate
    reason: str = ""


def describe_result(report: GradeReport) -> Judged:
    """Return how an attempt ended, as its report has it."""
    if report.status == "grader_fault":
        return Judged("failed", report.reason)
    if report.submission.refused:
        return Judged("refused", report.submission.refused)
    return Judged("pending") if report.status == "pending" else Judged("graded")


def name_entry(job: Job) -> str:
    """Return what lies in the class folder for a job."""
    return job.entry or job.path.name


def account_for(
    jobs: Sequence[Job], judged: Mapping[tuple[str, str], Judged], ignored: Iterable[Ignored]
) -> list[EntryFate]:
    """Return every entry once, by name. `judged` is by student and entry; where there is no result, it was left."""
    students: dict[str, list[str]] = defaultdict(list)
    for job in jobs:
        if job.student not in students[name_entry(job)]:
            students[name_entry(job)].append(job.student)
    fates = [EntryFate(item.entry, (), "ignored", item.reason) for item in ignored]
    for entry, names in students.items():
        results = [judged.get((name, entry), Judged("left")) for name in names]
        # The members of a group share one entry: it counts as what became of it first in this order.
        result = min(results, key=lambda result: FATES.index(result.fate))
        fates.append(EntryFate(entry, tuple(names), result.fate, result.reason))
    return sorted(fates, key=lambda fate: fate.entry)


def summarise_entries(fates: Sequence[EntryFate]) -> dict[str, object]:
    """Return the counts, and every entry that was not graded with its reason, for summary.json."""
    counts = Counter(fate.fate for fate in fates)
    return {
        "total": len(fates),
        **{fate: counts[fate] for fate in FATES},
        "not_graded": [asdict(fate) for fate in fates if fate.fate != "graded"],
    }


def describe_accounts(fates: Sequence[EntryFate]) -> list[str]:
    """Return the lines for the staff: the counts, then each reason with the entries that it holds for."""
    counts = Counter(fate.fate for fate in fates)
    shown = [fate for fate in FATES if counts[fate] or fate in ("graded", "refused", "ignored")]
    lines = [f"{len(fates)} entries: " + ", ".join(f"{counts[fate]} {_WORDS.get(fate, fate)}" for fate in shown)]
    by_reason: dict[tuple[Fate, str], list[str]] = defaultdict(list)
    for item in fates:
        if item.fate != "graded":
            by_reason[item.fate, item.reason].append(item.entry)
    for (fate, reason), entries in sorted(by_reason.items(), key=lambda item: FATES.index(item[0][0])):
        why = f": {reason}" if reason else ""
        lines.append(f"  {_WORDS.get(fate, fate)}: {', '.join(entries)}{why}")
    return lines
