"""Find live text in what the grader writes: scripts, formulas, escape sequences, marks of direction."""

import csv
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path

from grader.reporting.rendering import SCRIPT, allow_script

LIVE_TAGS = {"script", "img", "iframe", "object", "embed", "form", "base", "link", "svg"}
_ESCAPES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200f\u202a-\u202e\u2066-\u2069\U000e0041]")
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
_NUMBER = re.compile(r"-?[\d.]+")


class _TagReader(HTMLParser):
    """Collect the tags that a browser would run, except for the script of our own that the page's policy names."""

    def __init__(self) -> None:
        super().__init__()
        self.live: list[str] = []
        self._policy = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note live tags and attributes."""
        if tag in LIVE_TAGS or any(name.startswith("on") or "javascript:" in (value or "") for name, value in attrs):
            self.live.append(f"<{tag}>")
        if tag == "meta" and dict(attrs).get("http-equiv") == "Content-Security-Policy":
            self._policy = dict(attrs).get("content") or ""

    def handle_data(self, data: str) -> None:
        """Take back a script that is ours, where the policy lets no other one run."""
        is_ours = self.cdata_elem == "script" and data == SCRIPT.read_text(encoding="utf-8")
        if is_ours and self._policy.endswith(f"; script-src {allow_script(data)}"):
            self.live.remove("<script>")


def find_live_text(paths: Iterable[Path]) -> Iterator[str]:
    """Return a sentence for each file that would run something when it is opened."""
    for path in paths:
        if path.suffix not in (".html", ".csv", ".xml") or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".csv":
            cells = [cell for row in csv.reader(text.splitlines(keepends=True)) for cell in row]
            found = [cell for cell in cells if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell)]
        else:
            found = [f"a character {escape[0]!a}" for escape in _ESCAPES.finditer(text)]
        if path.suffix == ".html":
            reader = _TagReader()
            reader.feed(text)
            found += reader.live
        yield from (f"{path.name}: {item}" for item in found)
