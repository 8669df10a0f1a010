"""The catalogue of labels."""

import re
from pathlib import Path
from string import Formatter

import pytest

import grader.server
from grader.server.labels import list_labels, translate

HERE = Path(grader.server.__file__).parent


@pytest.mark.parametrize("label", list_labels())
def test_both_languages_have_the_same_values(label: str) -> None:
    """A sentence without its number would mislead."""
    texts = [translate(language, label) for language in ("en", "ko")]
    names = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in texts]
    assert names[0] == names[1]


def test_templates_use_no_label_that_is_not_there() -> None:
    """A missing one would end the page."""
    text = "".join(path.read_text(encoding="utf-8") for path in (HERE / "templates").iterdir())
    assert set(re.findall(r'\bt\("(\w+)"', text)) <= set(list_labels())


def test_every_label_is_used() -> None:
    """A catalogue grows over the years."""
    text = "".join(path.read_text(encoding="utf-8") for path in HERE.rglob("*") if path.suffix in (".py", ".html"))
    assert [label for label in list_labels() if text.count(f'"{label}"') < 2] == []
