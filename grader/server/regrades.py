"""Regrades that staff asked for, and what each of them changed: the class before it beside the class after it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select

from grader.classroom.comparison import Change, compare_reports
from grader.server.audit import note_change
from grader.server.people import Person
from grader.server.schema import REGRADES
from grader.server.service import Service


@dataclass(frozen=True)
class Regrade:
    """A regrade: when, by whom, of how many submissions, and the gradebook's last row before it."""

    id: int
    at: float
    actor: str
    submissions: int
    row: int


def begin_regrade(service: Service, author: Person, assignment: str, students: Sequence[str]) -> None:
    """Queue the submissions of some students to be graded again."""
    service.workshop.look_again(assignment)
    row = service.open_gradebook(assignment).find_last_row(assignment)
    with service.store.write() as connection:
        count = service.queue.queue_again(connection, assignment, students)
        values = {
            "assignment": assignment,
            "at": time.time(),
            "actor": author.name,
            "submissions": count,
            "after_row": row,
        }
        connection.execute(insert(REGRADES).values(values))
        note_change(connection, author.name, "regrade", assignment, students=len(students), submissions=count)
    service.workshop.notify(assignment)


def list_regrades(service: Service, assignment: str) -> list[Regrade]:
    """Return the regrades of an assignment, the newest first."""
    query = select(REGRADES).where(REGRADES.c.assignment == assignment).order_by(REGRADES.c.id.desc())
    with service.store.read() as connection:
        rows = connection.execute(query).all()
    return [Regrade(row.id, row.at, row.actor, row.submissions, row.after_row) for row in rows]


def compare_classes(service: Service, assignment: str, regrade: Regrade, following: Regrade | None) -> list[Change]:
    """Return each mark that changed between a regrade and the one that follows it, or now."""
    pairs = service.open_gradebook(assignment).compare_rows(
        assignment, regrade.row, until=following.row if following else None
    )
    return [change for before, after in pairs for change in compare_reports(before, after)]
