"""Looks of the files that `grader export --format html` writes: students' pages and the class index."""

from pathlib import Path
from typing import Any

import pytest

from grader.exports import pages
from grader.intake.roster import Roster, Student
from grader.model.report import Code, GradeReport, ReportAdjustment
from grader.model.submission import SourceFile, Submission
from grader.model.verdict import Outcome, Verdict
from grader.reporting.check_page import render_check
from grader.reporting.progress import AttemptPoints
from grader.reporting.published import ExportOptions, open_published_class
from grader.student.check import Check
from grader.student.findings import Picture, PublicFinding
from grader.student.kit import PUBLIC_TESTS, open_kit
from grader.tests.browser.test_pages import LOOKS, PICTURES
from grader.tests.support.browser import Reader
from grader.tests.support.export_samples import make_faulty_report, make_report, make_test
from grader.tests.support.toy import write_project

pytestmark = pytest.mark.browser

BODY = """\
def forward(self, h_t, encoder_outputs):
    # TODO luong.score: one score for each position of the source, as many as there are rows in encoder_outputs
    attention_scores = torch.matmul(self.W_a(h_t), encoder_outputs)

    # TODO luong.weights
    attention_weights = torch.softmax(attention_scores, dim=0)
    return attention_weights @ encoder_outputs, attention_weights"""
RAISED = (
    "RuntimeError: mat1 and mat2 shapes cannot be multiplied (1x16 and 7x16) (in forward, attention.py, line 43: "
    "`attention_scores = torch.matmul(self.W_a(h_t), encoder_outputs)`)"
)


def make_full_report() -> GradeReport:
    """A report with everything that a page can show."""
    score, weights, right = "luong.score", "luong.weights", "bahdanau"
    tests = [
        make_test(score, "raised", points=4.0, message=RAISED, place="attention.py, line 43", shapes="h_t 1x16"),
        make_test(
            weights, "failed", message="weights: 5 of 7 values differ, the first at [0]: expected 0.2, found 0.5"
        ),
        make_test(weights, "failed", message="weights: the sum is 7.0, expected 1", hint="softmax over the wrong axis"),
        make_test(weights),
        make_test(right),
    ]
    code = Code(name="LuongAttention.forward", todos=(score, weights), place="attention.py", line=41, text=BODY)
    bonus = ReportAdjustment(kind="bonus", points=2.0, comment="a fine plot")
    return make_report(tests=tests, code=(code,), adjustments=(bonus,), late_penalty=3.0)


def write_class(folder: Path, language: str) -> None:
    """A class of three, with attempts."""
    full = make_full_report()
    former = [{todo.id: number * 2.0 for todo in full.todos} for number in range(7)]
    attempts = [AttemptPoints("x", sum(points.values()), full.max_score, points) for points in former]
    roster = Roster(tuple(Student(name, "홍길동", language=language) for name in ("S001", "S002", "S003")))
    options = ExportOptions(roster=roster, language=language)  # type: ignore[arg-type]
    reports = [full, make_faulty_report("S002"), make_report("S003")]
    pages.write(open_published_class(reports, options, {"S001": [*attempts, AttemptPoints.read(full)]}), folder)


@pytest.mark.parametrize("look", [*LOOKS, "print"])
def test_exported_pages_fit_and_can_be_read(look: str, chromium: Any, tmp_path: Path) -> None:
    """No page is wider than the window, and axe finds nothing."""
    write_class(tmp_path, "ko" if look == "korean" else "en")
    (PICTURES / look).mkdir(parents=True, exist_ok=True)
    faults = []
    reader = Reader(chromium, "", **LOOKS.get(look, {"viewport": {"width": 794, "height": 1123}}))
    try:
        for name in ("S001", "S002", "S003", "index"):
            reader.page.goto((tmp_path / f"{name}.html").as_uri())
            if look == "print":
                reader.page.emulate_media(media="print")
            reader.page.screenshot(path=PICTURES / look / f"export-{name}.png", full_page=True)
            faults += reader.list_faults()
    finally:
        reader.close()
    assert faults == []


@pytest.mark.parametrize("look", ["phone", "dark"])
def test_page_of_a_check_fits_and_can_be_read(look: str, chromium: Any, tmp_path: Path) -> None:
    """With a picture of each kind."""
    weights = ((0.1, 0.2, 0.7), (0.8, 0.1, 0.1), (0.3, 0.3, 0.4))
    pictures = [
        Picture("matrix", weights, tuple(zip(*weights, strict=True))),
        Picture("curve", (tuple(3.0 - n / 9 for n in range(20)),), (tuple(3.0 / (n + 1) for n in range(20)),)),
        Picture("tokens", (("un", "##believ", "##able"),), (("un", "##believable"),)),
    ]
    outcome = Outcome(
        Verdict.FAILED, "attention weights: 6 of 9 values differ, the first at [0, 1]", "it looks transposed"
    )
    findings = tuple(PublicFinding("shout", "Weights look at one position.", outcome, each) for each in pictures)
    folder = write_project(tmp_path) / "assignments" / "toy"
    (folder / PUBLIC_TESTS).mkdir()
    kit = open_kit(folder)
    check = Check(Submission("id", "kim", files=(SourceFile("toy.py", ""),)), findings, ())
    (tmp_path / "check.html").write_text(render_check(check, kit, "en"), encoding="utf-8")
    (PICTURES / look).mkdir(parents=True, exist_ok=True)
    reader = Reader(chromium, "", **LOOKS[look])
    reader.page.goto((tmp_path / "check.html").as_uri())
    reader.page.screenshot(path=PICTURES / look / "check.png", full_page=True)
    faults = reader.list_faults()
    reader.close()
    assert faults == []


def test_axe_finds_what_is_wrong(chromium: Any) -> None:
    """A check that never finds anything would be no check."""
    reader = Reader(chromium, "")
    reader.page.set_content('<main><h1>x</h1><input><img src="data:,"></main>')
    found = reader.list_faults()
    reader.close()
    assert any("image-alt" in fault for fault in found) and any("label" in fault for fault in found)


def test_keyboard_opens_what_is_folded(chromium: Any, tmp_path: Path) -> None:
    """Every summary is reached by Tab and opened by Enter, and shows where the focus is."""
    write_class(tmp_path, "en")
    reader = Reader(chromium, "")
    page = reader.page
    page.goto((tmp_path / "S001.html").as_uri())
    folded = page.locator("details:not([open])").count()
    assert folded > 0
    for _ in range(page.locator("summary").count()):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        if page.evaluate("!document.activeElement.parentElement.open"):
            page.keyboard.press("Enter")
    assert page.locator("details:not([open])").count() == 0
    reader.close()
