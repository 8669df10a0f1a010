"""Pages from templates: what a student wrote stays text, and code keeps its lines."""

from dataclasses import replace

from grader.classroom.likeness import SimilarPair, Work
from grader.reporting.rendering import render_template


def test_code_beside_code_keeps_its_lines_and_is_escaped_once() -> None:
    """Staff compare it line by line."""
    work = Work("kim", "def f():\n    return '<b>'\n\nx = 1", {})
    pair = SimilarPair(work, replace(work, student="lee\x1b"), 12.0, 0.5, frozenset({2}), frozenset())
    page = render_template("similar.html", title="t", pairs=[pair], mistakes={})
    assert "<pre>def f():\n<mark>    return &#39;&lt;b&gt;&#39;</mark>" in page
    assert "\x1b" not in page
