"""The assignments of the course as the service has them: open or closed, due when, and later for which students."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy import Connection, delete, insert, select

from grader.model.assignment import DESCRIPTION, Assignment, LatePolicy
from grader.model.course import Course
from grader.model.errors import GraderError
from grader.server.schema import ASSIGNMENTS, EXTENSIONS
from grader.server.store import Store


@dataclass(frozen=True)
class Offer:
    """One assignment as a person sees it. `due` is the person's own, with the extension."""

    assignment: Assignment
    is_open: bool
    extension_days: float = 0.0

    @property
    def name(self) -> str:
        """Return the assignment's name."""
        return self.assignment.name

    @property
    def late(self) -> LatePolicy | None:
        """Return the penalty for late work."""
        return self.assignment.description.late

    @property
    def due(self) -> datetime | None:
        """Return the moment after which work is late."""
        return self.late.due + timedelta(days=self.extension_days) if self.late else None


def list_offers(course: Course, store: Store, student: str = "") -> list[Offer]:
    """Return the assignments in the order of their names; one whose file is wrong is left out."""
    closed = _list_closed(store)
    days = {name: value for (name, who), value in list_extensions(store).items() if who == student}
    offers = []
    for name in course.list_assignments():
        try:
            assignment = _load(course, name)
        except GraderError:
            continue  # the author is at work on it; the lane and /healthz say what is wrong
        offers.append(Offer(assignment, name not in closed, days.get(name, 0.0)))
    return offers


def find_offer(course: Course, store: Store, name: str, student: str = "") -> Offer | None:
    """Return one assignment; None where there is none of that name."""
    if name not in course.list_assignments():
        return None
    assignment = _load(course, name)
    return Offer(assignment, name not in _list_closed(store), find_extension(store, name, student))


def set_open(connection: Connection, name: str, *, is_open: bool) -> None:
    """Open an assignment for hand-ins, or close it."""
    connection.execute(delete(ASSIGNMENTS).where(ASSIGNMENTS.c.name == name))
    connection.execute(insert(ASSIGNMENTS).values(name=name, is_open=is_open))


def set_extension(connection: Connection, name: str, student: str, days: float) -> None:
    """Give a student more days, or other ones than before."""
    mine = (EXTENSIONS.c.assignment == name, EXTENSIONS.c.student == student)
    connection.execute(delete(EXTENSIONS).where(*mine))
    connection.execute(insert(EXTENSIONS).values(assignment=name, student=student, days=days))


def list_extensions(store: Store) -> dict[tuple[str, str], float]:
    """Return the days of everyone who has more, by assignment and student."""
    with store.read() as connection:
        rows = connection.execute(select(EXTENSIONS))
        return {(row.assignment, row.student): row.days for row in rows}


def find_extension(store: Store, name: str, student: str) -> float:
    """Return the days that a student has beyond the due date."""
    query = select(EXTENSIONS.c.days).where(EXTENSIONS.c.assignment == name, EXTENSIONS.c.student == student)
    with store.read() as connection:
        return connection.scalar(query) or 0.0


def _load(course: Course, name: str) -> Assignment:
    """Return an assignment, whose file is read again only where it has changed: every upload asks for one."""
    try:
        status = (course.assignments / name / DESCRIPTION).stat()
    except OSError:
        return course.load_assignment(name)  # which says what is missing
    return _load_file(course, name, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=256)
def _load_file(course: Course, name: str, modified: int, size: int) -> Assignment:
    return course.load_assignment(name)


def _list_closed(store: Store) -> set[str]:
    with store.read() as connection:
        return set(connection.scalars(select(ASSIGNMENTS.c.name).where(ASSIGNMENTS.c.is_open.is_(False))))
