"""`autolab`: the last lines of an autograder's output, one file for each student.

The problems in Autolab must have the names of the TODOs. Autolab puts quotes around every word before a colon, even
inside strings, to repair JSON without quotes: so no string here contains a colon.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from grader.model.verdict import Verdict
from grader.reporting.feedback import describe_test
from grader.reporting.files import format_json, write_each
from grader.reporting.published import PublishedClass, PublishedReport, list_missing_penalties


def write(published: PublishedClass, path: Path) -> Sequence[str]:
    """Write one file, or a folder of them; the scores are in the last line."""
    write_each(path, published.final, render, suffix=".txt")
    return list_missing_penalties(published)


def render(entry: PublishedReport) -> str:
    """Return one student's three lines: where it was graded, each test's message, and the scores."""
    report = entry.report
    stages: dict[str, dict[str, object]] = {_drop_colons(todo.id): {} for todo in report.todos}
    for test in report.tests:
        stage, name = stages[_drop_colons(test.todo)], _drop_colons(test.name)
        if name in stage:  # cases of one test share their name, and here the name is the key
            name += f" ({len(stage) + 1})"
        hint = {} if test.status is Verdict.PASSED else {"hint": _drop_colons(describe_test(test, entry.language))}
        stage[name] = {"passed": not hint, **hint}
    presentation = {"_presentation": "semantic", "stages": list(stages), **stages}
    scores = {_drop_colons(todo.id): todo.score for todo in report.todos}
    place = f"graded with torch {report.environment.torch}, isolation {report.environment.isolation}"
    if report.late_penalty:
        place += f", a late penalty of {report.late_penalty:g} is not in these scores"
    return f"{place}\n{format_json(presentation, indent=None)}\n{format_json({'scores': scores}, indent=None)}\n"


def _drop_colons(text: str) -> str:
    return re.sub(r"\s*:+", " -", text)
