"""Foreseeing changes no verdict, no point and no word: each corpus is graded with and without it, in a jail.

Slow: `python -m pytest -m slow grader/tests/examiner/test_foresight_corpus.py -k a4`.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from grader.authoring.suite_check import build_source, load_expectations
from grader.grading.worker import FORESIGHT, Job, Worker, open_worker
from grader.model.course import find_course

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]


def describe(worker: Worker, path: Path) -> str:
    """A submission's report as text, without its timings."""
    report: dict[str, Any] = json.loads(worker.grade(Job(path, student="kim")).model_dump_json())
    del report["timing"]
    for test in report["tests"]:
        del test["cpu_seconds"]
    return json.dumps(report, indent=1)


@pytest.mark.parametrize("name", find_course().list_assignments())
def test_foreseeing_changes_no_report(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Every variant twice: when its replies are new, and when all of them are known."""
    assignment = find_course().load_assignment(name)
    sources = {"skeleton": (assignment.folder / assignment.module).read_text(encoding="utf-8")}
    for variant, expectation in load_expectations(assignment).items():
        sources[variant] = build_source(assignment, variant, expectation)
    paths = {}
    for variant, source in sources.items():
        paths[variant] = tmp_path / variant / assignment.module
        paths[variant].parent.mkdir()
        paths[variant].write_text(source, encoding="utf-8")
    with open_worker(assignment) as worker:
        monkeypatch.setenv(FORESIGHT, "off")
        plain = {variant: describe(worker, path) for variant, path in paths.items()}
        monkeypatch.delenv(FORESIGHT)
        for _ in range(2):
            for variant, path in paths.items():
                assert describe(worker, path) == plain[variant], variant
