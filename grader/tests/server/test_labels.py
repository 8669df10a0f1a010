"""The labels of the service's pages."""

import re
from pathlib import Path

import grader.server
from grader.server.labels import LABELS, translate

HERE = Path(grader.server.__file__).parent


def test_labels_are_filled_in_and_translated() -> None:
    """By the catalogue that all of the grader uses."""
    assert translate("en", "waiting", count=3) == "3 waiting"
    assert translate("ko", "waiting", count=3) == "3개 대기 중"


def test_templates_use_no_label_that_is_not_there() -> None:
    """A missing one would end the page."""
    text = "".join(path.read_text(encoding="utf-8") for path in (HERE / "templates").iterdir())
    assert set(re.findall(r'\bt\("(\w+)"', text)) <= set(LABELS)


def test_every_label_is_used() -> None:
    """A catalogue grows over the years."""
    text = "".join(path.read_text(encoding="utf-8") for path in HERE.rglob("*") if path.suffix in (".py", ".html"))
    assert [label for label in LABELS if text.count(f'"{label}"') < 2] == []
