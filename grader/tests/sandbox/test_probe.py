"""The attempts that each isolation level stops on this very machine agree with ARCHITECTURE.md."""

import os
import re
from pathlib import Path

import pytest

import grader
from grader.sandbox.isolation import Isolation
from grader.sandbox.probe import PROBES, probe, summarise_probes
from grader.tests.support.course import COURSE

ARCHITECTURE = Path(grader.__file__).parent / "ARCHITECTURE.md"
OPEN = {
    Isolation.BWRAP: set(),
    Isolation.SETUID: {"read_course", "read_accounts", "see_processes", "leave_file"},
    Isolation.NONE: {"read_course", "write_course", "read_accounts", "see_processes", "signal_grader", "leave_file"},
}


@pytest.mark.parametrize("isolation", [Isolation.BWRAP, Isolation.NONE])
def test_a_level_stops_what_is_said(isolation: Isolation) -> None:
    """Everything is tried from inside."""
    assert {name for name, succeeded in probe(isolation, COURSE.root).items() if succeeded} == OPEN[isolation]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a submission another user")
def test_another_user_stops_what_is_said() -> None:
    """The course is read only where it is open to every user, which is the course's business."""
    found = {name for name, succeeded in probe(Isolation.SETUID, COURSE.root).items() if succeeded}
    assert found | {"read_course"} == OPEN[Isolation.SETUID]


def test_the_table_says_the_same() -> None:
    """One row for each thing that is tried, one column for each level."""
    text = ARCHITECTURE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    found = {what: cells for what, *cells in rows if what in PROBES.values()}
    assert found == {
        what: ["**yes**" if name in OPEN[isolation] else "no" for isolation in Isolation]
        for name, what in PROBES.items()
    }


def test_the_doctor_tells_what_gets_through() -> None:
    """A level that stops everything, and one that does not."""
    assert summarise_probes(Isolation.BWRAP, COURSE.root) == f"of {len(PROBES)} tries 0 got through"
    assert "got through: reads the course's files, writes into the course" in summarise_probes(
        Isolation.NONE, COURSE.root
    )
