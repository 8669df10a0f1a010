"""The pages for staff: statistics and similar work."""

from dataclasses import replace

from grader.classroom.likeness import find_pairs
from grader.classroom.statistics import describe_class
from grader.reporting.rendering import render_template
from grader.tests.support.disguises import read_work
from grader.tests.support.export_samples import make_report, make_test

RARE = """
def g(rows):
    table = {row[0]: sum(row[1:]) / len(row) for row in rows if row[0] not in ('<b>', '-')}
    return sorted(table.items(), key=lambda entry: (-entry[1], entry[0]))[: len(table) // 3]
"""


def test_the_page_of_similar_work_shows_both_sources_with_what_they_share() -> None:
    """As text, line by line; nothing of it becomes markup."""
    others = [read_work(f"s{n}", f"def g(rows):\n    return [row[{n}] for row in rows if row]") for n in range(60)]
    pair = [replace(read_work(student, RARE), name=f"<i>{student}") for student in ("ann", "bob")]
    page = render_template("similar.html", title="t", pairs=find_pairs([*others, *pair]), mistakes={"odd": ["a", "b"]})
    assert page.count("<pre tabindex") == page.count("</pre>") == 2
    assert "<mark>    table = {row[0]" in page and "&#39;&lt;b&gt;&#39;" in page
    assert "&lt;i&gt;ann (ann)" in page and "<i>ann" not in page and "&amp;lt;" not in page


def test_the_page_of_statistics_names_every_student() -> None:
    """In the table, and beside a mistake; a test that no one passes is red."""
    report = make_report("s1", [make_test("a"), make_test("b", "failed", message="a <b> mistake")])
    named = report.model_copy(update={"submission": report.submission.model_copy(update={"name": "Jane Doe"})})
    page = render_template("statistics.html", title="t", found=describe_class([named]))
    assert page.count("<bdi>Jane Doe (s1)</bdi>") == 2
    assert "a &lt;b&gt; mistake" in page and "no student passes it" in page
