"""Bounds of what a submission can bring into a report: each text, each list, and the report as a whole."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from grader.grading.job import Job
from grader.grading.worker import Worker
from grader.model.report import (
    MAX_ENTRIES,
    MAX_REPORT_BYTES,
    CheckResult,
    GradedFile,
    GradedSubmission,
    GradeReport,
    cut_list,
)
from grader.model.text import MAX_TEXT_BYTES, cut_text
from grader.tests.support.fake_worker import make_report
from grader.tests.support.toy import open_project


@pytest.mark.parametrize("text", ["", "short", "가" * 600, "x" * MAX_TEXT_BYTES])
def test_cut_text_leaves_short_texts_alone(text):
    """Up to the limit, in bytes."""
    assert cut_text(text) == text


@pytest.mark.parametrize("letter", ["x", "가", "🙂", "\x00"])
def test_cut_text_counts_what_it_leaves_out(letter):
    """In whole characters, and once: cutting again changes nothing."""
    cut = cut_text(letter * 5000)
    assert len(cut.encode()) <= MAX_TEXT_BYTES
    assert cut.startswith(letter * 100)
    assert cut.endswith(f"... ({5000 * len(letter.encode())} bytes in all)")
    assert cut_text(cut) == cut


def test_cut_text_replaces_halves_of_characters():
    """A report with one could not be written out at all."""
    assert cut_text("a\ud800b") == "a?b"


def test_cut_list_counts_the_rest():
    """In its last entry, and once."""
    notes = cut_list([f"note {number}" for number in range(1000)])
    assert (len(notes), notes[-1]) == (MAX_ENTRIES, "... and 951 more")
    assert cut_list(notes) == notes
    assert cut_list(notes[:7]) == notes[:7]


def test_every_text_and_list_of_a_submission_is_cut():
    """Every report is cut, also one that is made from what a worker sends."""
    long = "y" * 100_000
    check = CheckResult(
        id="t", name="t", todo="t", category="shape", status="failed", score=0, max_score=1, message=long, hint=long
    )
    submission = GradedSubmission(
        id="i",
        student="kim",
        files=[GradedFile(path=long, sha256="a")] * 1000,
        notes=[long] * 1000,
        refused=long,
    )
    report = make_report("kim", fault=long).model_dump() | {"submission": submission, "remarks": [long] * 1000}
    made = GradeReport.model_validate(report | {"tests": [check]})
    texts = [check.message, check.hint, submission.refused, made.fault, *submission.notes, *made.remarks]
    assert max(len(text) for text in texts) <= MAX_TEXT_BYTES
    assert max(len(file.path) for file in submission.files) <= MAX_TEXT_BYTES
    assert {len(submission.files), len(submission.notes), len(made.remarks)} == {MAX_ENTRIES}
    assert GradeReport.model_validate_json(made.model_dump_json()) == made


@pytest.mark.parametrize("field", ["notes", "files"])
@pytest.mark.parametrize("value", [5, None, {"a": 1}])
def test_a_list_that_is_none_is_refused(field, value):
    """As without a limit."""
    with pytest.raises(ValidationError):
        GradedSubmission.model_validate({"id": "i", "student": "kim", "files": []} | {field: value})


@pytest.mark.parametrize("letter", ["x", "\x00", "가"])
def test_a_large_report_gets_shorter_texts(letter):
    """Many tests, each with the longest message: no test is left out and no score is touched."""
    report = make_report("kim")
    check = report.tests[0].model_copy(update={"message": letter * 700, "hint": letter * 600})
    large = report.model_copy(update={"tests": (check,) * 1500})
    bounded = large.bounded()
    assert len(bounded.model_dump_json().encode()) <= MAX_REPORT_BYTES
    assert [test.score for test in bounded.tests] == [test.score for test in large.tests]
    assert bounded.tests[0].message.startswith(letter)


def test_a_report_of_common_size_stays_as_it_is():
    """It is the same object."""
    report = make_report("kim")
    assert report.bounded() is report


MANY_NAMES = "\n".join(f"name_{number} = 1 / 0" for number in range(3000))
HOSTILE = {
    "a message of megabytes": "def double(n):\n    raise ValueError('z' * 5_000_000)",
    "megabytes returned": "def double(n):\n    return 'z' * 5_000_000\ndef shout(word):\n    return '0' * 5_000_000",
    "thousands of names that fail": MANY_NAMES,
    "thousands of names": MANY_NAMES.replace("1 / 0", "1"),
    "a long name": f"{'n' * 100_000} = 1 / 0\nraise ValueError({'n' * 50_000!r})",
    "thousands of statements left out": "\n".join(f"print({number})" for number in range(3000)),
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_no_submission_makes_a_large_report(monkeypatch, tmp_path: Path, source):
    """Graded from its file to the JSON that is kept."""
    assignment = open_project(monkeypatch, tmp_path)
    path = tmp_path / "toy.py"
    path.write_text(source)
    with Worker(assignment, isolation="none", prewarm=False) as worker:
        report = worker.grade(Job(path, student="kim"), in_process=True)
    text = report.model_dump_json()
    assert report.status == "graded"
    assert len(text.encode()) <= 64_000
    assert max(map(len, walk_texts(json.loads(text)))) <= MAX_TEXT_BYTES


def walk_texts(value):
    """Return every text in a JSON value."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in walk_texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in walk_texts(item)]
    return [value] if isinstance(value, str) else []
