"""Exports that are results: each is held against the rules of the system that reads it."""

import json
import re
import zipfile
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from grader.exports import autolab, ctrf, github, gradescope, junit, lti, moodle_feedback, prairielearn
from grader.intake.roster import Roster
from grader.model.report import GradeReport
from grader.tests.support.export_samples import CLASS, MIXED, make_faulty_report, make_report, make_test, open_class

MOMENT = datetime(2025, 10, 11, 8, 0, 0, 250_000, tzinfo=timezone(timedelta(hours=9)))
TEXT = {"type": "string"}
POINTS = {"type": "number", "minimum": 0}
WORDS = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
VISIBILITY = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}


def close(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    """The schema of an object that has these properties and no other."""
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def list_of(items: dict[str, Any]) -> dict[str, Any]:
    """The schema of a list."""
    return {"type": "array", "items": items}


GRADESCOPE = close(
    {
        "score": POINTS,
        "execution_time": POINTS,
        "output": TEXT,
        "output_format": WORDS,
        "test_output_format": WORDS,
        "test_name_format": WORDS,
        "visibility": VISIBILITY,
        "stdout_visibility": VISIBILITY,
        "extra_data": {"type": "object"},
        "tests": list_of(
            close(
                {
                    "score": POINTS,
                    "max_score": POINTS,
                    "status": {"enum": ["passed", "failed"]},
                    "name": TEXT,
                    "number": {"type": "string", "pattern": r"^\d+\.\d+$"},
                    "output": TEXT,
                    "tags": list_of(TEXT),
                    "visibility": VISIBILITY,
                },
                ["score", "max_score", "name"],
            )
        ),
    },
    ["score", "tests"],
)
PRAIRIELEARN = close(
    {
        "gradable": {"type": "boolean"},
        "score": {"type": "number", "minimum": 0, "maximum": 1},
        "format_errors": {"anyOf": [TEXT, list_of(TEXT)]},
        "message": TEXT,
        "output": TEXT,
        "tests": list_of(
            close(
                {"name": TEXT, "description": TEXT, "points": POINTS, "max_points": POINTS, "message": TEXT}, ["name"]
            )
        ),
        "isolation": TEXT,  # any field of one's own is allowed
    },
    ["gradable"],
) | {"if": {"properties": {"gradable": {"const": True}}}, "then": {"required": ["score"]}}
CLASSROOM = close(
    {
        "version": {"const": 1},
        "status": {"enum": ["pass", "fail", "error"]},
        "max_score": POINTS,
        "tests": list_of(
            close(
                {
                    "name": TEXT,
                    "status": {"enum": ["pass", "fail", "error"]},
                    "score": POINTS,
                    "message": TEXT,
                    "test_code": TEXT,
                    "filename": TEXT,
                    "line_no": {"type": "integer"},
                    "duration": POINTS,
                },
                ["name", "status", "score"],
            )
        ),
    },
    ["version", "status", "max_score", "tests"],
)
SCORE = {
    "type": "object",
    "required": ["userId", "activityProgress", "gradingProgress", "timestamp"],
    "dependentRequired": {"scoreGiven": ["scoreMaximum"]},
    "properties": {
        "userId": {"type": "string", "minLength": 1},
        "activityProgress": {"enum": ["Initialized", "Started", "InProgress", "Submitted", "Completed"]},
        "gradingProgress": {"enum": ["FullyGraded", "Pending", "PendingManual", "Failed", "NotReady"]},
        "timestamp": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d)$"},
        "scoreGiven": POINTS,
        "scoreMaximum": {"type": "number", "exclusiveMinimum": 0},
        "comment": TEXT,
        "submission": close({"startedAt": TEXT, "submittedAt": TEXT}, []),
    },
    # Whatever the standard does not name is an extension, known by a full URL.
    "patternProperties": {"^https://": {}},
    "additionalProperties": False,
}
MILLISECONDS = {"type": "integer", "minimum": 0}
CTRF = close(
    {
        "reportFormat": {"const": "CTRF"},
        "specVersion": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        "results": close(
            {
                "tool": close({"name": TEXT}, ["name"]),
                "summary": close(
                    dict.fromkeys(
                        ["tests", "passed", "failed", "skipped", "pending", "other", "start", "stop"], MILLISECONDS
                    ),
                    ["tests", "passed", "failed", "skipped", "pending", "other", "start", "stop"],
                ),
                "tests": list_of(
                    close(
                        {
                            "name": {"type": "string", "minLength": 1},
                            "status": {"enum": ["passed", "failed", "skipped", "pending", "other"]},
                            "duration": MILLISECONDS,
                            "message": TEXT,
                            "extra": {"type": "object"},
                        },
                        ["name", "status", "duration"],
                    )
                ),
            },
            ["tool", "summary", "tests"],
        ),
    },
    ["reportFormat", "specVersion", "results"],
)


def read_json(path: Path) -> Any:
    """One JSON file, in which a number is a number."""
    return json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def read_folder(folder: Path) -> dict[str, Any]:
    """Every JSON file of a folder."""
    return {path.stem: read_json(path) for path in folder.iterdir()}


def test_gradescope_accepts_the_results(tmp_path: Path) -> None:
    """Each keeps to the documented fields; no one gets a file without a score."""
    gradescope.write(open_class(), tmp_path)
    found = read_folder(tmp_path)
    for result in found.values():
        jsonschema.validate(result, GRADESCOPE)
    assert {name: result["score"] for name, result in found.items()} == {"S001": 70.0, "S002": 100.0, "S003": 70.0}


def test_gradescope_students_see_their_total(tmp_path: Path) -> None:
    """One hidden entry would hide the total: nothing is hidden, because nothing secret is there."""
    gradescope.write(open_class(make_report()), tmp_path / "results.json")
    result = read_json(tmp_path / "results.json")
    assert {test["visibility"] for test in result["tests"]} == {"visible"}
    assert [(test["number"], test["name"]) for test in result["tests"][2:]] == [
        ("1.3", "luong.scores, test 3"), ("2.1", "luong.weights, test 1"), ("2.2", "luong.weights, test 2"),
    ]  # fmt: skip
    assert result["tests"][1]["output"] == "scores: expected shape (2, 3), got (3, 2) (transpose: h_t)"
    assert result["tests"][2]["output"] == "the result differs from what was asked"
    assert result["score"] == sum(test["score"] for test in result["tests"])


def test_feedback_can_be_korean(tmp_path: Path) -> None:
    """Verdicts are named in the language asked for, and Hangul is written as it is."""
    gradescope.write(open_class(make_report(), language="ko"), tmp_path / "results.json")
    assert "결과가 요구와 다릅니다" in (tmp_path / "results.json").read_text(encoding="utf-8")


def test_prairielearn_accepts_the_results(tmp_path: Path) -> None:
    """The score is a fraction, and what the grader could not grade costs the student nothing."""
    prairielearn.write(open_class(), tmp_path)
    found = read_folder(tmp_path)
    for result in found.values():
        jsonschema.validate(result, PRAIRIELEARN)
    assert {name: result.get("score") for name, result in found.items()} == {
        "S001": 0.7, "S002": 1.0, "S003": 0.7, "S004": None,
    }  # fmt: skip
    assert found["S004"]["gradable"] is False
    assert "score" not in found["S004"]


def test_prairielearn_results_stay_small(tmp_path: Path) -> None:
    """PrairieLearn takes one megabyte: no message can be longer than anybody reads."""
    tests = [make_test("luong.scores", "failed", message="x" * 200_000) for _ in range(50)]
    prairielearn.write(open_class(make_report(tests=tests)), tmp_path / "results.json")
    assert (tmp_path / "results.json").stat().st_size < 1_000_000


def mend_as_autolab(line: str) -> Any:
    """Return a line as Autolab reads it: it changes the names before it reads the line as JSON."""
    return json.loads(re.sub(r"([a-zA-Z0-9]+):", r'"\1":', line))


def test_autolab_reads_the_last_lines(tmp_path: Path) -> None:
    """Its mending of JSON without quotes breaks nothing, and each problem has its score."""
    colons = [make_test("luong.scores", "failed", message="a: b::c https://x y : z", hint="see: d")] * 2
    autolab.write(open_class(make_report(tests=[*colons, *MIXED])), tmp_path / "S001.txt")
    place, presentation, scores = (tmp_path / "S001.txt").read_text(encoding="utf-8").splitlines()
    assert place == "graded with torch 2.13.0, isolation bwrap"
    assert mend_as_autolab(scores) == {"scores": {"luong.scores": 40.0, "luong.weights": 30.0}}
    shown = mend_as_autolab(presentation)
    assert shown["_presentation"] == "semantic"
    assert shown["stages"] == ["luong.scores", "luong.weights"]
    assert set(shown) == {"_presentation", "stages", *shown["stages"]}
    assert [len(shown[stage]) for stage in shown["stages"]] == [5, 2]
    hints = [test for stage in shown["stages"] for test in shown[stage].values()]
    assert all(set(test) == ({"passed"} if test["passed"] else {"passed", "hint"}) for test in hints)
    assert hints[0]["hint"] == "a - b -c https -//x y - z (see - d)"


def test_github_classroom_adds_up_the_tests(tmp_path: Path) -> None:
    """The runner's result has the documented fields, and its points add up to the score."""
    github.write(open_class(), tmp_path)
    found = read_folder(tmp_path)
    for result in found.values():
        jsonschema.validate(result, CLASSROOM)
    assert [found[name]["status"] for name in ("S001", "S002", "S003")] == ["fail", "pass", "fail"]
    assert sum(test["score"] for test in found["S001"]["tests"]) == 70.0
    assert found["S001"]["max_score"] == 100.0


@pytest.mark.parametrize("write", [github.write, autolab.write])
def test_a_late_penalty_that_cannot_be_written_is_told(tmp_path: Path, write: Any) -> None:
    """The staff must know it in a system that counts the tests' points alone."""
    late = make_report().model_copy(update={"late_penalty": 7.0, "score": 63.0})
    assert write(open_class(late, make_report("S002")), tmp_path) == [
        "the late penalty of 'S001' is not in the file: set it in that system"
    ]


def test_lti_scores_keep_to_the_standard(tmp_path: Path) -> None:
    """One body for each student, under the platform's own id, with a time that has parts of a second and a zone."""
    lti.write(open_class(moment=MOMENT), tmp_path)
    found = read_folder(tmp_path)
    for body in found.values():
        jsonschema.validate(body, SCORE)
    assert {body["userId"]: body["scoreGiven"] for body in found.values()} == {
        "sub-jane": 70.0, "sub-hong": 100.0, "sub-kim": 70.0,
    }  # fmt: skip
    assert found["S001"]["timestamp"] == "2025-10-10T23:00:00.250000Z"
    assert found["S001"]["submission"] == {"submittedAt": "2025-10-10T01:22:05.000000Z"}


@pytest.mark.parametrize("submitted_at", [None, "soon", "2025-10-10T10:22:05"])
def test_a_time_without_a_zone_is_not_told(tmp_path: Path, submitted_at: str | None) -> None:
    """Another system would take it for a time of its own zone."""
    report = make_report()
    report = report.model_copy(
        update={"submission": report.submission.model_copy(update={"submitted_at": submitted_at})}
    )
    lti.write(open_class(report), tmp_path / "S001.json")
    assert "submission" not in read_json(tmp_path / "S001.json")


def test_whoever_has_no_lti_id_is_named(tmp_path: Path) -> None:
    """A score cannot be sent to a name."""
    assert lti.write(open_class(make_report(), roster=Roster(())), tmp_path / "x") == [
        "'S001' is left out: the roster has no LTI id for them (column `lti`)"
    ]


def test_ctrf_keeps_to_its_schema(tmp_path: Path) -> None:
    """Whole milliseconds, our own properties under `extra` only, and counts that add up."""
    pending = make_report("S005", [make_test("luong.scores", "pending")], status="pending")
    ctrf.write(open_class(*CLASS, pending, moment=MOMENT.astimezone(UTC)), tmp_path / "out.json")
    report = read_json(tmp_path / "out.json")
    jsonschema.validate(report, CTRF)
    summary, tests = report["results"]["summary"], report["results"]["tests"]
    assert summary["tests"] == len(tests) == 17
    assert Counter(test["status"] for test in tests) == {"passed": 9, "failed": 6, "pending": 1, "other": 1}
    assert [summary[status] for status in ("passed", "failed", "skipped", "pending", "other")] == [9, 6, 0, 1, 1]
    assert tests[0]["duration"] == 250
    assert summary["stop"] == 1_760_137_200_250


def read_junit(path: Path) -> ElementTree.Element:
    """JUnit XML whose counts are those of its elements."""
    root = ElementTree.parse(path).getroot()
    assert root.tag == "testsuites"
    for suite in root:
        assert suite.tag == "testsuite"
        assert set(suite.attrib) == {"name", "tests", "failures", "errors", "skipped", "time"}
        assert int(suite.attrib["tests"]) == len(suite)
        for tag, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(suite.attrib[count]) == len(suite.findall(f"testcase/{tag}"))
        float(suite.attrib["time"])
        for case in suite:
            assert (case.tag, set(case.attrib)) == ("testcase", {"name", "classname", "time"})
            assert len(case) <= 1
            assert all(set(child.attrib) <= {"message", "type"} for child in case)
    return root


def test_junit_counts_what_it_holds(tmp_path: Path) -> None:
    """A student's failure is a failure, the grader's own an error, what waits for a GPU is skipped."""
    pending = make_report("S005", [make_test("luong.scores", "pending")], status="pending")
    junit.write(open_class(*CLASS, pending), tmp_path / "out.xml")
    suites = {suite.attrib["name"]: suite.attrib for suite in read_junit(tmp_path / "out.xml")}
    keys = ("tests", "failures", "errors", "skipped")
    assert {name: [suite[key] for key in keys] for name, suite in suites.items()} == {
        "S001": ["5", "3", "0", "0"],
        "S002": ["5", "0", "0", "0"],
        "S003": ["5", "3", "0", "0"],
        "S004": ["1", "0", "1", "0"],
        "S005": ["1", "0", "0", "1"],
    }


def test_junit_survives_any_text(tmp_path: Path) -> None:
    """Control characters are written out, what XML cannot hold is replaced; markup stays text."""
    text = "nul \0 bell \a escape \x1b[31m half \ufffe <b>&amp; 홍길동"
    report = make_report(tests=[make_test("luong.scores", "failed", message=text)])
    junit.write(open_class(report), tmp_path / "out.xml")
    failure = read_junit(tmp_path / "out.xml").find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.attrib == {
        "message": "nul \\x00 bell \\x07 escape \\x1b[31m half \ufffd <b>&amp; 홍길동", "type": "failed",
    }  # fmt: skip


# Moodle's own way to take a path of the zip apart.
MOODLE = re.compile(r"(?P<name>[^_/]*)_(?P<pid>\d+)_assignfeedback_file/(?P<path>.+)")


def unpack(path: Path) -> dict[str, str]:
    """Each participant's page."""
    archive = zipfile.ZipFile(path)
    assert archive.testzip() is None
    pages = {}
    for name in archive.namelist():
        match = MOODLE.fullmatch(name)
        assert match and match["path"] == "feedback.html"
        pages[match["pid"]] = archive.read(name).decode("utf-8")
    return pages


def test_moodle_finds_the_participants_of_the_zip(tmp_path: Path) -> None:
    """The roster gives the number, or without one the label of the submission; a student without a number is named."""
    moodle_feedback.write(open_class(make_report("509"), roster=Roster(())), tmp_path / "f.zip")
    assert set(unpack(tmp_path / "f.zip")) == {"509"}
    notes = moodle_feedback.write(open_class(make_report(), make_report("S002")), tmp_path / "f.zip")
    assert set(unpack(tmp_path / "f.zip")) == {"501"}
    assert notes == ["'S002' is left out: the participant's number is not known; pass --worksheet"]


def test_the_worksheet_tells_the_numbers(tmp_path: Path) -> None:
    """The same people are found as for the grades."""
    worksheet = tmp_path / "worksheet.csv"
    worksheet.write_text(
        "Identifier,Full name,Email address,Grade,Last modified (grade)\n"
        "Participant 601,Jane Doe,jane@uni.example,,-\nParticipant 602,홍_길동,gildong@uni.example,,-\n"
    )
    published = open_class(make_report(), make_report("S002"), worksheet=worksheet)
    assert moodle_feedback.write(published, tmp_path / "f.zip") == []
    assert set(unpack(tmp_path / "f.zip")) == {"601", "602"}


def test_feedback_pages_run_nothing(tmp_path: Path) -> None:
    """Moodle serves the page from its own address: all that a student or a title holds is text."""
    label = "<img src=x onerror=alert(1)>"
    tests = [make_test("luong.scores", "failed", message=f"got {label}", hint="{{ 7 * 7 }}")]
    moodle_feedback.write(open_class(make_report(tests=tests)), tmp_path / "f.zip")
    page = unpack(tmp_path / "f.zip")["501"]
    assert "<img" not in page and "<script" not in page
    assert "got &lt;img" in page
    assert "{{ 7 * 7 }}" in page


def test_feedback_for_nobody_is_an_empty_zip(tmp_path: Path) -> None:
    """A class without a score makes a file that opens."""
    faulty: GradeReport = make_faulty_report("S001")
    assert moodle_feedback.write(open_class(faulty), tmp_path / "f.zip") == []
    assert unpack(tmp_path / "f.zip") == {}
