"""The durable queue: rows of the database, from the moment of the upload to the report.

Each student waits in one place. A newer attempt takes over the place of the older ones, which then wait behind all
other students' newest attempts. Of one student one submission is graded at a time. So the many uploads of one student
do not hold up the others.
"""

import json
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from grader.model.report import GradeReport
from grader.server.schema import SUBMISSIONS
from grader.server.store import Store

State = Literal["queued", "grading", "graded", "refused", "fault"]
FINAL: tuple[State, ...] = ("graded", "refused", "fault")
# The estimate is the mean of so many recent results.
RECENT = 20
_ROWS = SUBMISSIONS.c


@dataclass(frozen=True)
class Upload:
    """A submission as it was received: where it lies below uploads/, and what the student called its files."""

    id: str
    assignment: str
    student: str
    path: str
    files: tuple[str, ...]
    size: int


@dataclass(frozen=True)
class Queued:
    """A submission on its way, or at its end."""

    number: int
    id: str
    assignment: str
    student: str
    path: str
    files: tuple[str, ...]
    received_at: float
    status: State
    score: float | None
    max_score: float | None
    gradings: int

    @property
    def is_final(self) -> bool:
        """Tell whether there is a report."""
        return self.status in FINAL


@dataclass(frozen=True)
class QueuePlace:
    """The number of uploads ahead, and the seconds that this may take; None where nothing was graded yet."""

    ahead: int
    seconds: float | None


def make_id() -> str:
    """Return an id that cannot be guessed."""
    return secrets.token_hex(12)


@dataclass(eq=False)
class _Arrival:
    """An upload on its way into the database, and what became of it."""

    upload: Upload
    queued: Queued | None = None


class _Arrivals:
    """The uploads that wait for the database. Whoever is next takes all of them along.

    A transaction waits for the disk, for many uploads as long as for one.
    """

    def __init__(self) -> None:
        self._waiting: list[_Arrival] = []
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def add(self, upload: Upload, keep: Callable[[Sequence[_Arrival]], None]) -> Queued:
        """Return the upload's row, which another thread may have written together with its own."""
        mine = _Arrival(upload)
        with self._lock:
            self._waiting.append(mine)
        with self._turn:
            if mine.queued is None:
                with self._lock:
                    # Where another thread failed with this one, it is no longer among those that wait.
                    group = [mine, *(each for each in self._waiting if each is not mine)]
                    self._waiting = []
                try:
                    keep(group)
                except Exception:
                    if len(group) == 1:
                        raise
                    keep([mine])  # perhaps it was one of the others that cannot be kept
        assert mine.queued is not None
        return mine.queued


@dataclass(frozen=True)
class SubmissionQueue:
    """The submissions of all assignments."""

    store: Store
    _arrivals: _Arrivals = field(default_factory=_Arrivals, repr=False, compare=False)

    def add(self, upload: Upload) -> Queued:
        """Keep an upload whose bytes are on the disk. When this returns, it is sure to be graded."""
        return self._arrivals.add(upload, self._keep)

    def _keep(self, group: Sequence[_Arrival]) -> None:
        with self.store.write() as connection:
            rows = [self._insert(connection, arrival.upload) for arrival in group]
        for arrival, queued in zip(group, rows, strict=True):
            arrival.queued = queued

    @staticmethod
    def _insert(connection: Connection, upload: Upload) -> Queued:
        now = time.time()
        mine = and_(_ROWS.student == upload.student, _ROWS.assignment == upload.assignment, _ROWS.status == "queued")
        place = connection.scalar(select(func.min(_ROWS.queued_at)).where(mine, _ROWS.is_superseded.is_(False)))
        if place is not None:
            connection.execute(update(SUBMISSIONS).where(mine).values(is_superseded=True))
        values = {
            "id": upload.id,
            "assignment": upload.assignment,
            "student": upload.student,
            "path": upload.path,
            "files": json.dumps(upload.files, ensure_ascii=False),
            "size": upload.size,
            "received_at": now,
            "status": "queued",
            "queued_at": now if place is None else place,
        }
        return _to_queued(connection.execute(insert(SUBMISSIONS).values(values).returning(SUBMISSIONS)).one())

    def claim(self, assignment: str) -> Queued | None:
        """Take the next submission of an assignment; None where none may begin now."""
        # After a power failure it is claimed again, as after the end of the process.
        with self.store.write(is_durable=False) as connection:
            row = connection.execute(_CLAIM, {"wanted": assignment, "now": time.time()}).first()
        return None if row is None else _to_queued(row)

    def finish(self, number: int, report: GradeReport, also: Callable[[Connection, Queued], None]) -> Queued:
        """Note the end of a submission, and do what belongs to it in the same transaction.

        The gradebook has the result already: after a power failure it is found there, and noted again.
        """
        fault = report.status == "grader_fault"
        status: State = "fault" if fault else "refused" if report.submission.refused else "graded"
        end = {"wanted": number, "end": status, "now": time.time()}
        points = {"points": report.final_score, "most": report.max_score}
        with self.store.write(is_durable=False) as connection:
            done = _to_queued(connection.execute(_FINISH, {**end, **points}).one())
            also(connection, done)
        return done

    def put_back(self, assignment: str) -> int:
        """Queue again what was being graded when a lane failed; return how many these are."""
        query = update(SUBMISSIONS).where(_ROWS.status == "grading", _ROWS.assignment == assignment)
        with self.store.write() as connection:
            return connection.execute(query.values(status="queued")).rowcount

    def recover(self) -> int:
        """Queue again what an earlier process did not finish, or failed at; return how many these are.

        Often a fault is the machine's, or an update under a running service: a start is the time to try again.
        """
        query = update(SUBMISSIONS).where(_ROWS.status.in_(("grading", "fault")))
        with self.store.write() as connection:
            return connection.execute(query.values(status="queued")).rowcount

    def queue_again(self, connection: Connection, assignment: str, students: Sequence[str]) -> int:
        """Queue the finished submissions of some students to be graded again; return how many these are."""
        total = 0
        # A database takes so many parameters and no more.
        for start in range(0, len(students), RECENT * 10):
            some = students[start : start + RECENT * 10]
            query = update(SUBMISSIONS).where(_ROWS.assignment == assignment, _ROWS.student.in_(some))
            query = query.where(_ROWS.status.in_(FINAL))
            total += connection.execute(query.values(status="queued", queued_at=time.time())).rowcount
        return total

    def find(self, submission: str) -> Queued | None:
        """Return the submission with that id."""
        found = self._list(select(SUBMISSIONS).where(_ROWS.id == submission))
        return found[0] if found else None

    def list_of(self, student: str | None = None, assignment: str | None = None, limit: int = 1000) -> list[Queued]:
        """Return submissions, the newest first."""
        query = select(SUBMISSIONS).order_by(_ROWS.number.desc()).limit(limit)
        query = query.where(_ROWS.student == student) if student is not None else query
        return self._list(query.where(_ROWS.assignment == assignment) if assignment is not None else query)

    def count_since(self, student: str, since: float) -> list[float]:
        """Return the times of a student's uploads since then, the oldest first."""
        query = select(_ROWS.received_at).where(_ROWS.student == student, _ROWS.received_at > since)
        with self.store.read() as connection:
            return list(connection.scalars(query.order_by(_ROWS.received_at)))

    def count_by_state(self) -> dict[tuple[str, str], int]:
        """Return the number of submissions by assignment and state."""
        query = select(_ROWS.assignment, _ROWS.status, func.count()).group_by(_ROWS.assignment, _ROWS.status)
        with self.store.read() as connection:
            return {(row[0], row[1]): row[2] for row in connection.execute(query)}

    def has_waiting(self, assignment: str) -> bool:
        """Tell whether a submission of an assignment waits."""
        query = select(exists().where(_ROWS.assignment == assignment, _ROWS.status == "queued"))
        with self.store.read() as connection:
            return bool(connection.scalar(query))

    def find_last_times(self) -> dict[str, float]:
        """Return when each assignment was handed in last."""
        query = select(_ROWS.assignment, func.max(_ROWS.received_at)).group_by(_ROWS.assignment)
        with self.store.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def find_longest_wait(self) -> float:
        """Return for how many seconds the submission that has waited longest has been in the queue; 0 without one."""
        query = select(func.min(_ROWS.queued_at)).where(_ROWS.status == "queued", _ROWS.is_superseded.is_(False))
        with self.store.read() as connection:
            since: float | None = connection.scalar(query)
        return 0.0 if since is None else max(time.time() - since, 0.0)

    def find_place(self, queued: Queued, workers: int) -> QueuePlace:
        """Return the place of a waiting submission, and an estimate from what was graded last."""
        own = select(_ROWS.is_superseded, _ROWS.queued_at).where(_ROWS.number == queued.number)
        waits = and_(_ROWS.assignment == queued.assignment, _ROWS.status == "queued")
        grading = and_(_ROWS.assignment == queued.assignment, _ROWS.status == "grading")
        recent = (
            select(_ROWS.seconds)
            .where(_ROWS.assignment == queued.assignment, _ROWS.seconds.is_not(None))
            .order_by(_ROWS.finished_at.desc())
            .limit(RECENT)
        )
        with self.store.read() as connection:
            mine = connection.execute(own).one()
            before = or_(and_(waits, _comes_before(mine, queued.number)), grading)
            ahead: int = connection.scalar(select(func.count()).select_from(SUBMISSIONS).where(before)) or 0
            seconds = list(connection.scalars(recent))
        mean = sum(seconds) / len(seconds) if seconds else None
        return QueuePlace(ahead, None if mean is None else mean * (1 + ahead / max(workers, 1)))

    def _list(self, query: Select[Any]) -> list[Queued]:
        with self.store.read() as connection:
            return [_to_queued(row) for row in connection.execute(query)]


def _order() -> tuple[Any, ...]:
    # Newest first among the superseded attempts of one student; they share one `queued_at`.
    return _ROWS.is_superseded, _ROWS.queued_at, _ROWS.number.desc()


def _build_claim() -> ReturningUpdate[Any]:
    other = SUBMISSIONS.alias()
    busy = exists().where(other.c.student == _ROWS.student, other.c.status == "grading")
    first = select(_ROWS.number).where(_ROWS.status == "queued", _ROWS.assignment == bindparam("wanted"), ~busy)
    number = first.order_by(*_order()).limit(1).scalar_subquery()
    query = update(SUBMISSIONS).where(_ROWS.number == number)
    return query.values(status="grading", started_at=bindparam("now")).returning(SUBMISSIONS)


def _build_finish() -> ReturningUpdate[Any]:
    now = bindparam("now", type_=Float)
    values = {
        "status": bindparam("end"),
        "finished_at": now,
        "seconds": now - _ROWS.started_at,
        "gradings": _ROWS.gradings + 1,
        "score": bindparam("points"),
        "max_score": bindparam("most"),
    }
    return update(SUBMISSIONS).where(_ROWS.number == bindparam("wanted")).values(values).returning(SUBMISSIONS)


# To build them takes longer than to run them.
_CLAIM = _build_claim()
_FINISH = _build_finish()


def _comes_before(mine: Row[Any, Any], number: int) -> ColumnElement[bool]:
    same = and_(_ROWS.is_superseded == mine.is_superseded, _ROWS.queued_at == mine.queued_at, _ROWS.number > number)
    sooner = and_(_ROWS.is_superseded == mine.is_superseded, _ROWS.queued_at < mine.queued_at)
    return or_(same, sooner, _ROWS.is_superseded.is_(False)) if mine.is_superseded else or_(same, sooner)


def _to_queued(row: Row[Any]) -> Queued:
    return Queued(
        number=row.number,
        id=row.id,
        assignment=row.assignment,
        student=row.student,
        path=row.path,
        files=tuple(json.loads(row.files)),
        received_at=row.received_at,
        status=row.status,
        score=row.score,
        max_score=row.max_score,
        gradings=row.gradings,
    )
