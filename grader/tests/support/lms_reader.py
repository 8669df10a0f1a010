"""Read exported files as the systems do, with the standard library alone: an independent word on what was written.

Written from the systems' own descriptions, and without any code of the exports.
"""

import csv
import json
import re
import zipfile
from pathlib import Path

_FEEDBACK = re.compile(r"(?P<name>[^_/]*)_(?P<pid>[0-9]+)_assignfeedback_file/feedback\.html")
_STATUS = {"passed", "failed"}


def read_canvas(path: Path) -> dict[str, str]:
    """Return the cell of the one assignment, by the id that Canvas's import would find the student by."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        header, points, *rows = list(csv.reader(file))
    assert "Student" in header[0] and "ID" in header[1]
    assert header.index("SIS Login ID") == header.index("SIS User ID") + 1
    assert header[-2] == "Section", "Section ends the students' columns"
    assert points[0].strip() == "Points Possible"
    assert {len(row) for row in rows} <= {len(header)}
    found = {}
    for row in rows:
        assert row[-1] == "EX" or float(row[-1]) >= 0
        # Canvas looks for its own id, then for the SIS user id.
        found[row[1] or row[2]] = row[-1]
    assert len(found) == len(rows) and "" not in found
    return found


def read_moodle(path: Path) -> dict[str, tuple[float, str]]:
    """Return grade and feedback by participant, for the rows that Moodle's worksheet import would take."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        header, *rows = list(csv.reader(file))
    assert {"Identifier", "Grade", "Last modified (grade)"} <= set(header)
    assert {len(row) for row in rows} == {len(header)}, "Moodle refuses a ragged file"
    found = {}
    for cells in rows:
        row = dict(zip(header, cells, strict=True))
        prefix, _, number = row["Identifier"].partition(" ")
        assert prefix == "Participant" and number.isdigit()
        if row["Grade"] and 0 <= float(row["Grade"]) <= float(row["Maximum grade"]):
            found[number] = (float(row["Grade"]), row["Feedback comments"])
    return found


def read_moodle_feedback(path: Path) -> dict[str, str]:
    """Return each participant's page from a zip of feedback files."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        matches = [(name, _FEEDBACK.fullmatch(name)) for name in archive.namelist()]
        return {match["pid"] if match else name: archive.read(name).decode("utf-8") for name, match in matches}


def read_gradescope(path: Path) -> tuple[float, list[dict[str, object]]]:
    """Return the total that Gradescope shows, and the tests, from one results.json."""
    results = json.loads(path.read_text(encoding="utf-8"))
    tests = results["tests"]
    for test in tests:
        assert test["status"] in _STATUS and test["visibility"] == "visible", "a hidden test would hide the total"
        assert 0 <= test["score"] <= test["max_score"]
    return float(results["score"]), tests
