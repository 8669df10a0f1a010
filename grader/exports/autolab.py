"""`autolab`: the last lines of an autograder's output, one file for each student.

Listed in `exports`. The problems in Autolab must be named as the TODOs are. Autolab mends what it takes for JSON
without quotes by quoting every word before a colon, inside of strings too: so no string here has one.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from grader.model.report import CheckResult
from grader.model.verdict import Language, Verdict
from grader.reporting.feedback import tell_test
from grader.reporting.files import to_json, write_each
from grader.reporting.published import PublishedClass, PublishedReport, tell_penalties


def write(gradebook: PublishedClass, path: Path) -> Sequence[str]:
    """Write one file, or a folder of them: what each test said, and in the last line the scores."""
    language = gradebook.options.language
    write_each(path, gradebook.final, lambda entry: render(entry, language), suffix=".txt")
    return tell_penalties(gradebook)


def render(entry: PublishedReport, language: Language) -> str:
    """One student's three lines: where it was graded, what each test said, and the scores."""
    report = entry.report
    stages: dict[str, dict[str, object]] = {_drop_colons(todo.id): {} for todo in report.todos}
    for test in report.tests:
        stage = stages[_drop_colons(test.todo)]
        stage[_name_apart(test.name, stage)] = _render_test(test, language)
    presentation = {"_presentation": "semantic", "stages": list(stages), **stages}
    scores = {_drop_colons(todo.id): todo.score for todo in report.todos}
    place = f"graded with torch {report.environment.torch}, isolation {report.environment.isolation}"
    if report.late_penalty:
        place += f", a late penalty of {report.late_penalty:g} is not in these scores"
    return f"{place}\n{to_json(presentation, indent=None)}\n{to_json({'scores': scores}, indent=None)}\n"


def _render_test(test: CheckResult, language: Language) -> dict[str, object]:
    passed = test.status is Verdict.PASSED
    return {"passed": True} if passed else {"passed": False, "hint": _drop_colons(tell_test(test, language))}


def _name_apart(name: str, taken: dict[str, object]) -> str:
    # Cases of one test share its sentence, and here the name is the key.
    plain = _drop_colons(name)
    return plain if plain not in taken else f"{plain} ({len(taken) + 1})"


def _drop_colons(text: str) -> str:
    return re.sub(r"\s*:+", " -", text)
