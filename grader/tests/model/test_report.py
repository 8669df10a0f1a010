"""The report: what others rely on."""

import functools
import json
from pathlib import Path

import jsonschema
import pytest
from pydantic import ValidationError

import grader
from grader.model.report import GradeReport
from grader.tests.support.a4 import WRONG_LUONG, grade_text, make_skeleton, overlay, read_solution

SCHEMA = Path(grader.__file__).parent / "report.schema.json"
FIELDS = {
    "schema_version", "assignment", "submission", "status", "score", "max_score", "late_penalty",
    "graded_score", "excused", "held", "adjustments", "todos", "tests",
    "environment", "seed_commitment", "timing", "fault",
}  # fmt: skip
# A report cannot be changed, so each submission is graded once for all tests.
grade_once = functools.cache(grade_text)


def read_schema() -> dict:
    """The published schema."""
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


def test_the_published_schema_is_that_of_the_code():
    """`grader/report.schema.json` is what the models say."""
    assert read_schema() == GradeReport.model_json_schema()


def test_the_published_schema_is_a_schema():
    """Any JSON Schema validator can use it."""
    jsonschema.Draft202012Validator.check_schema(read_schema())


@pytest.mark.slow
@pytest.mark.parametrize("make_source", [read_solution, make_skeleton, lambda: overlay(WRONG_LUONG), lambda: "def f(:"])
def test_a_report_keeps_to_the_schema(make_source):
    """A full, an empty, a mixed and a refused submission."""
    report = json.loads(grade_once(make_source()).model_dump_json())
    jsonschema.validate(report, read_schema())


def test_a_report_has_the_published_fields():
    """Fields are added, never renamed or taken away."""
    report = json.loads(grade_once(read_solution()).model_dump_json())
    assert set(report) >= FIELDS
    assert report["schema_version"] == "1.2"
    assert set(report["environment"]) == {"python", "torch", "device", "isolation"}


def test_a_report_can_be_read_back():
    """JSON and back is the same report."""
    report = grade_once(overlay(WRONG_LUONG))
    assert GradeReport.model_validate_json(report.model_dump_json()) == report


def test_a_report_cannot_be_changed():
    """No one turns a score round after it was given."""
    report = grade_once(read_solution())
    with pytest.raises(ValidationError):
        report.score = 0


def test_only_timings_are_left_out_of_a_comparison():
    """`without_timings` keeps everything else."""
    report = grade_once(overlay(WRONG_LUONG))
    kept = json.loads(report.without_timings().model_dump_json())
    whole = json.loads(report.model_dump_json())
    assert kept["timing"] != whole["timing"]
    whole["timing"] = kept["timing"]
    for test in whole["tests"]:
        test["cpu_seconds"] = 0.0
    assert kept == whole


def test_the_points_of_a_report_add_up():
    """Tests add up to TODOs, and TODOs to the score."""
    report = grade_once(overlay(WRONG_LUONG))
    for todo in report.todos:
        assert todo.score == pytest.approx(sum(test.score for test in report.tests if test.todo == todo.id))
    assert report.score == pytest.approx(sum(todo.score for todo in report.todos))
    assert 0 < report.score < report.max_score == 100


def test_a_report_names_what_was_graded():
    """The file with its checksum, the student, the suite and a commitment to the seed."""
    report = grade_once(read_solution())
    assert report.submission.student == "someone"
    assert [file.path for file in report.submission.files] == ["attention.py"]
    digests = (report.submission.files[0].sha256, report.assignment.suite_digest, report.seed_commitment)
    assert all(len(digest) == 64 for digest in digests)
