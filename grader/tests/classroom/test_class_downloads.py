"""One download of each system with every trouble in it: each entry is somebody's for certain, or named with a reason.

What is graded here is only read: whose work it is and what becomes of an entry does not depend on any score.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from grader.classroom.accounting import Judged, account_for, name_entry
from grader.classroom.class_folder import ClassSubmissions, collect_submissions
from grader.intake import read_submission
from grader.intake.roster import Roster, read_roster
from grader.model.assignment import Assignment
from grader.tests.support.class_downloads import CASES, RIGHT, ROSTER, lay_out
from grader.tests.support.file_troubles import ROSTER as TROUBLED_ROSTER
from grader.tests.support.file_troubles import SYSTEMS, TROUBLES, write_download
from grader.tests.support.toy import open_project

Row = tuple[str, tuple[str, ...], str, str]


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assignment]:
    """The toy course, in a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        yield open_project(patch, tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def roster(tmp_path_factory: pytest.TempPathFactory) -> Roster:
    """A class with namesakes, a student whose id is another's first name, and a group."""
    path = tmp_path_factory.mktemp("roster") / "roster.csv"
    path.write_text(ROSTER, encoding="utf-8")
    return read_roster(path)


def show(found: ClassSubmissions, assignment: Assignment) -> list[Row]:
    """Each entry with its students, what becomes of it, and why."""
    judged = {}
    for job in found.jobs:
        submission = read_submission(job.path, module=assignment.module, defines=assignment.defines)
        fate = Judged("refused", submission.refused) if submission.refused else Judged("graded")
        judged[job.student, name_entry(job)] = fate
    fates = account_for(found.jobs, judged, found.ignored)
    return [(fate.entry, fate.students, fate.fate, fate.reason) for fate in fates]


def check(rows: list[Row], expected: Mapping[str, tuple[str, str]], folder: Path) -> None:
    """Nothing but what is expected, and everything that lies in the folder."""
    assert {entry: (" ".join(students), fate) for entry, students, fate, _ in rows} == {
        entry: (student, what.partition(":")[0]) for entry, (student, what) in expected.items()
    }
    assert sorted(entry for entry, *_ in rows) == sorted(os.listdir(folder))
    for entry, _, fate, reason in rows:
        assert expected[entry][1].partition(":")[2] in reason, (entry, reason)
        assert bool(reason) == (fate != "graded"), entry


@pytest.mark.parametrize("system", CASES)
def test_every_entry_of_a_download_is_accounted_for(
    toy: Assignment, roster: Roster, tmp_path: Path, system: str
) -> None:
    """The table of entry, student and outcome: nothing lost, nothing guessed."""
    files, expected = CASES[system]
    folder = lay_out(tmp_path / system, files)
    check(show(collect_submissions(folder, toy, roster), toy), expected, folder)


def test_every_clone_is_accounted_for(toy: Assignment, roster: Roster, tmp_path: Path) -> None:
    """Two users with the same beginning are not taken for somebody whose name is the rest."""
    folder = tmp_path / "clones"
    for name in ("hw-lab-anna", "hw-lab-gone", "hw-lab-lab-anna"):
        lay_out(folder / name, {"toy.py": RIGHT})
        subprocess.run(["git", "init", "-q"], cwd=folder / name, check=True)
    lay_out(folder, {"classroom_roster.csv": "x"})
    rows = show(collect_submissions(folder, toy, roster), toy)
    check(
        rows,
        {
            # `anna` is Bo's name there, `lab-anna` Anna's: which one is meant is not certain.
            "hw-lab-anna": ("unknown: hw-lab-anna", "graded"),
            "hw-lab-gone": ("gone", "graded"),
            "hw-lab-lab-anna": ("s5", "graded"),
            "classroom_roster.csv": ("", "ignored:not named as GitHub"),
        },
        folder,
    )


@pytest.mark.parametrize("system", CASES)
def test_without_a_roster_no_entry_is_lost_either(toy: Assignment, tmp_path: Path, system: str) -> None:
    """Every entry is listed once, and no two people of a download become one."""
    folder = lay_out(tmp_path / system, CASES[system][0])
    found = collect_submissions(folder, toy)
    rows = show(found, toy)
    assert sorted(entry for entry, *_ in rows) == sorted(os.listdir(folder))
    with_roster = {entry for entry, (_, what) in CASES[system][1].items() if what in ("graded", "refused")}
    graded = {entry for entry, _, fate, _ in rows if fate != "ignored"}
    assert with_roster - graded <= {"Absent Abe.pdf"}  # without a roster nothing says that it is a student's


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
def test_every_kind_of_file_is_accounted_for_in_every_system(toy: Assignment, tmp_path: Path, system: str) -> None:
    """Archives and odd endings are read, all else is refused with a sentence that says what it is."""
    (tmp_path / "roster.csv").write_text(TROUBLED_ROSTER, encoding="utf-8")
    entries = write_download(tmp_path / system, system)
    rows = show(collect_submissions(tmp_path / system, toy, read_roster(tmp_path / "roster.csv")), toy)
    assert {entry: " ".join(students) for entry, students, *_ in rows} == entries
    assert sorted(entries) == sorted(os.listdir(tmp_path / system))
    for entry, (student,), fate, reason in [row for row in rows if row[2] != "ignored"]:
        assert fate == ("refused" if TROUBLES[student].words else "graded"), (entry, reason)
        assert TROUBLES[student].words in reason, (entry, reason)
