"""Foreseeing changes no verdict, no point and no word: each corpus is judged with and without it.

Slow: `python -m pytest -m slow grader/tests/examiner/test_foresight_corpus.py -k a4`.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from grader.authoring.corpus import build_source, load_expectations
from grader.examiner.foreseeing import FORESIGHT
from grader.examiner.recording import name_recording
from grader.grading.job import Job
from grader.grading.worker import open_worker
from grader.model.course import find_course
from grader.model.report import GradeReport

# A warning is no error where students are graded: one that torch gives once in a process would make two runs differ.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200), pytest.mark.filterwarnings("default")]
# Every so many variants one runs live with foreseeing as well; the others are replayed, which costs a tenth.
LIVE = 10


def describe(report: GradeReport) -> str:
    """A report as text, without its timings."""
    found: dict[str, Any] = json.loads(report.model_dump_json())
    del found["timing"]
    for test in found["tests"]:
        del test["cpu_seconds"]
    return json.dumps(found, indent=1)


@pytest.mark.parametrize("name", find_course().list_assignments())
def test_foreseeing_changes_no_report(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Every variant twice: when its replies are new, and when all of them are known."""
    assignment = find_course().load_assignment(name)
    sources = {"skeleton": (assignment.folder / assignment.module).read_text(encoding="utf-8")}
    for variant, expectation in load_expectations(assignment).items():
        sources[variant] = build_source(assignment, variant, expectation)
    plain, recordings = {}, {}
    with open_worker(assignment) as worker:
        monkeypatch.setenv(FORESIGHT, "off")
        for variant, source in sources.items():
            path = tmp_path / variant / assignment.module
            path.parent.mkdir()
            path.write_text(source, encoding="utf-8")
            graded = worker.examine(Job(path), record=True)
            plain[variant] = describe(graded.report)
            recordings[variant] = tmp_path / name_recording(graded.recording)
            recordings[variant].write_bytes(graded.recording)
        monkeypatch.delenv(FORESIGHT)
        for recording in (True, True, False):
            for variant in list(sources)[:: 1 if recording else LIVE]:
                job = Job(tmp_path / variant / assignment.module, recording=recordings[variant] if recording else None)
                assert describe(worker.grade(job)) == plain[variant], variant
