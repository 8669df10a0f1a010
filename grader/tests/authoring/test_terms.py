"""The glossary of Korean terms: one word for one idea in every Korean text of the course."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.tests.support.course import COURSE

_ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| ([^|]*) ?\|$", re.MULTILINE)
TERMS = _ROW.findall((COURSE.assignments / "TERMS.md").read_text(encoding="utf-8"))[2:]
AVOIDED = {word.strip(): korean.strip() for _, korean, others in TERMS for word in others.split(",") if word.strip()}


def list_korean_texts() -> Iterator[Path]:
    """List the files that hold what Korean students read."""
    for pattern in ("assignments/*/handout.ko.md", "assignments/*/assignment.toml", "solutions/*/*.py"):
        yield from COURSE.root.glob(pattern)
    yield from COURSE.root.glob("tests_hidden/*/locale/ko.po")
    yield from COURSE.root.glob("assignments/*/locale/ko.po")


def test_the_glossary_has_terms() -> None:
    """A table that no longer parses would let everything pass."""
    assert len(TERMS) > 20
    assert AVOIDED["채움"] == "패딩"


@pytest.mark.parametrize("word", AVOIDED)
def test_korean_texts_use_the_term_of_the_glossary(word: str) -> None:
    """A reader would take two words for two ideas."""
    found = [
        f"{path.relative_to(COURSE.root)}:{number}"
        for path in list_korean_texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1)
        if re.search(rf"(?<![가-힣]){word}", line)
    ]
    assert not found, f"{word} should be {AVOIDED[word]} in {', '.join(found)}"
