"""Compare text: what a program prints or writes, and short answers in a student's own words."""

import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from grader.examiner.likeness import note_likeness
from grader.examiner.mismatch import Mismatch
from grader.examiner.parity import describe_value

# Where a test is run by hand, pytest shows the test's own lines only.
__tracebackhide__ = True


def assert_text(actual: Any, expected: str, *, what: str, ignore_case: bool = False) -> None:
    """Compare text line by line; spaces at the ends of lines and empty lines at the end do not count.

    Raises Mismatch, which names the first line that differs.
    """
    if note_likeness(actual, expected):
        return
    if not isinstance(actual, str):
        raise Mismatch(f"{what}: expected text, found {describe_value(actual)}")
    found, wanted = (_split(text.casefold() if ignore_case else text) for text in (actual, expected))
    for number, (one, other) in enumerate(zip_longest(found, wanted), start=1):
        if one == other:
            continue
        if one is None or other is None:
            raise Mismatch(f"{what}: there are {len(found)} lines, expected {len(wanted)}")
        same = " ".join(one.split()) == " ".join(other.split())
        raise Mismatch(f"{what}: line {number} differs", "only its spaces do" if same else "")


def assert_mentions(actual: Any, words: Sequence[str | Sequence[str]], *, what: str, least: int | None = None) -> None:
    """Check that a text holds all of `words`, or at least so many: each a word, or a list of words that all will do.

    Upper and lower case are the same, and a word counts only as a whole. A word may be several ("hidden state").
    Raises Mismatch, which says how many are there but not which.
    """
    groups = [[group] if isinstance(group, str) else list(group) for group in words]
    text = " ".join(actual.casefold().split()) if isinstance(actual, str) else ""
    found = [any(re.search(rf"\b{re.escape(word.casefold())}\b", text) for word in group) for group in groups]
    if note_likeness(float(sum(found)), float(len(groups) if least is None else least)):
        return
    if not isinstance(actual, str):
        raise Mismatch(f"{what}: expected text, found {describe_value(actual)}")
    if sum(found) < (len(groups) if least is None else least):
        raise Mismatch(f"{what}: it mentions {sum(found)} of the {len(groups)} things that belong here")


def _split(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]
