"""Order what went wrong in one TODO: the cause first, and what follows from it folded."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum

from grader.model.report import CheckResult
from grader.model.verdict import Verdict


class Rank(IntEnum):
    """The distance of a trouble from the cause; the lowest comes first."""

    FORBIDDEN = 0
    LOAD = 1
    MISSING = 2
    UNFILLED = 3
    EXCEPTION = 4
    STRUCTURE = 5
    KNOWN_MISTAKE = 6
    VALUE = 7
    NOT_JUDGED = 8
    INFORMATION = 9


@dataclass(frozen=True)
class Trouble:
    """A mistake that one or several tests report, and the likely reason; `tests` counts them.

    `asked` is what the first of them asks for, where there is no hint and the result is only another one. `place` is
    the student's own line that it comes from, and `shapes` are those of the tensors there.
    """

    message: str
    hint: str
    rank: Rank
    tests: int = 1
    asked: str = ""
    place: str = ""
    shapes: str = ""

    @property
    def more(self) -> int:
        """Return how many more tests fail for the same reason."""
        return self.tests - 1

    @property
    def is_free(self) -> bool:
        """Tell whether it costs no points."""
        return self.rank is Rank.INFORMATION


@dataclass(frozen=True)
class Troubles:
    """The troubles of one TODO: those to look at, the cause first, and those that probably follow from it."""

    shown: tuple[Trouble, ...] = ()
    folded: tuple[Trouble, ...] = ()

    @property
    def more(self) -> int:
        """Return how many tests only the folded ones report."""
        return sum(trouble.tests for trouble in self.folded)


_NUMBER = re.compile(r"\d+")
# Nothing that comes after these says more: without the code there is no result.
_WHOLE = (Rank.FORBIDDEN, Rank.LOAD, Rank.MISSING, Rank.UNFILLED)
# Not a reason of its own: it is folded under any other.
_FOLLOWING = (Rank.VALUE, Rank.NOT_JUDGED)
# Here it helps to know what the test asks for.
_PLAIN = (Rank.VALUE, Rank.INFORMATION)
_BY_CAUSE = {"load": Rank.LOAD, "missing": Rank.MISSING, "structure": Rank.STRUCTURE, "follows": Rank.NOT_JUDGED}


def rank_test(test: CheckResult) -> Rank:
    """Return how near the trouble of a failed test is to the cause."""
    if test.max_score == 0:
        return Rank.INFORMATION
    if test.cause:
        return _BY_CAUSE[test.cause]
    if test.status is Verdict.FORBIDDEN:
        return Rank.FORBIDDEN
    if test.status is Verdict.UNFILLED:
        return Rank.UNFILLED
    if test.status in (Verdict.PENDING, Verdict.GRADER_FAULT):
        return Rank.NOT_JUDGED
    if test.status is not Verdict.FAILED:
        return Rank.EXCEPTION
    if test.category == "shape":
        return Rank.STRUCTURE
    return Rank.KNOWN_MISTAKE if test.hint else Rank.VALUE


def rank_troubles(tests: Iterable[CheckResult]) -> Troubles:
    """Return what the tests of one TODO report, each text once. A test without a message is concealed or passed.

    Texts that differ in numbers only, such as sizes, are one: another test met the same mistake on other inputs.
    """
    failed = [test for test in tests if test.status is not Verdict.PASSED and test.message]
    is_wrong_anywhere = any(test.category != "gpu" and test.max_score > 0 for test in failed)
    found: dict[tuple[str, str, str], Trouble] = {}
    for test in failed:
        rank = rank_test(test)
        if test.category == "gpu" and is_wrong_anywhere and rank is not Rank.INFORMATION:
            rank = max(rank, Rank.NOT_JUDGED)  # the device says nothing of a result that is wrong on the CPU
        # One reason at one line is one mistake, whatever came of it.
        message = "" if test.hint and test.place else _NUMBER.sub("0", test.message)
        key = (message, _NUMBER.sub("0", test.hint), test.place)
        known = found.get(key)
        if known:
            found[key] = replace(known, rank=min(known.rank, rank), tests=known.tests + 1)
        else:
            is_plain = test.status is Verdict.FAILED and not (test.hint or test.name == test.id)
            is_plain = is_plain and (rank in _PLAIN or test.category == "shape")
            asked = test.name if is_plain else ""
            found[key] = Trouble(test.message, test.hint, rank, asked=asked, place=test.place, shapes=test.shapes)
    ranked = sorted(found.values(), key=lambda trouble: (trouble.rank, not trouble.hint))
    if not ranked:
        return Troubles()
    first, others = ranked[0], ranked[1:]
    folded = tuple(other for other in others if _follows(other, first))
    return Troubles((first, *(other for other in others if other not in folded)), folded)


def _follows(trouble: Trouble, first: Trouble) -> bool:
    if trouble.is_free:
        return False
    return first.rank in _WHOLE or trouble.rank in _FOLLOWING
