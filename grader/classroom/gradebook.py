"""The gradebook: every attempt of a class, kept.

A database holds one class's gradebook: SQLite in a run's folder, or PostgreSQL by URL. Rows are added and never
changed, so every grade stays; a student's last row is the one that counts.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, Row, Select, bindparam, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from grader.classroom.adjustments import Adjustment
from grader.classroom.gradebook_schema import ADJUSTMENTS, ATTEMPTS, OUTLINES, open_engine, update_schema
from grader.grading.cache_key import CacheKey
from grader.model.errors import UsageError
from grader.model.report import GradeReport
from grader.reporting.progress import AttemptPoints

_ADJUSTMENT_FIELDS = [field.name for field in fields(Adjustment) if field.name != "by"]


@dataclass(frozen=True)
class Evidence:
    """The records that an attempt can be judged again from; each part is empty where there is none.

    `path` is the submission, `recording` names its recorded replies, `fingerprint` is the digest of the suite's.
    """

    path: str = ""
    recording: str = ""
    fingerprint: str = ""


@dataclass(frozen=True)
class Attempt:
    """One row: a student's report, the key that it was made under, and its evidence."""

    key: CacheKey
    report: GradeReport
    evidence: Evidence = Evidence()

    def to_row(self) -> dict[str, object]:
        """Return the attempt as a row of the database."""
        return {
            "student": self.report.submission.student,
            "assignment": self.report.assignment.name,
            "submission_digest": self.key.submission,
            "suite_digest": self.key.suite,
            "environment_digest": self.key.environment,
            "status": self.report.status,
            "score": self.report.final_score,
            "max_score": self.report.max_score,
            "report": self.report.model_dump_json(),
            "path": self.evidence.path,
            "recording": self.evidence.recording,
            "outline": self.evidence.fingerprint,
        }


class Gradebook:
    """An open gradebook. Every method raises UsageError where the database refuses."""

    def __init__(self, engine: Engine) -> None:
        """Create the tables, or bring them up to date."""
        self._engine = engine
        with self._begin() as connection:
            update_schema(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the database."""
        self._engine.dispose()

    def add_all(self, attempts: Sequence[Attempt]) -> None:
        """Keep several attempts, or none of them. When this returns, they outlive the process."""
        with self._begin() as connection:
            connection.execute(insert(ATTEMPTS), [attempt.to_row() for attempt in attempts])

    def add_fingerprint(self, text: str) -> str:
        """Keep a suite's fingerprint, once, and return its digest."""
        digest = hashlib.sha256(text.encode()).hexdigest()
        with self._begin() as connection:
            if connection.scalar(select(OUTLINES.c.digest).where(OUTLINES.c.digest == digest)) is None:
                connection.execute(insert(OUTLINES).values(digest=digest, text=text))
        return digest

    def find_fingerprint(self, digest: str) -> str | None:
        """Return the text of a suite's fingerprint."""
        with self._begin() as connection:
            found: str | None = connection.scalar(select(OUTLINES.c.text).where(OUTLINES.c.digest == digest))
        return found

    def find_attempt(self, key: CacheKey, student: str) -> Attempt | None:
        """Return an attempt graded under that key: the student's own, or else anyone's. Never a fault."""
        return self._find_first(_SAME_KEY, {**asdict(key), "own": student})

    def find_latest_attempt(self, student: str, assignment: str, *, submission: str = "") -> Attempt | None:
        """Return the attempt that counts for a student at present; or the last one at that `submission` digest."""
        rows = ATTEMPTS.c
        query = select(ATTEMPTS).where(rows.student == student, rows.assignment == assignment)
        if submission:
            query = query.where(rows.submission_digest == submission)
        return self._find_first(query.order_by(rows.id.desc()))

    def list_results(self, student: str, assignment: str) -> list[Attempt]:
        """Return a student's attempts with their newest result each, by the path of the submission."""
        rows = ATTEMPTS.c
        query = select(ATTEMPTS).where(rows.student == student, rows.assignment == assignment).order_by(rows.id)
        with self._begin() as connection:
            found = {row.path: _to_attempt(row) for row in connection.execute(query)}
        return list(found.values())

    def list_attempts(self, assignment: str) -> dict[str, list[GradeReport]]:
        """Return each student's attempts with their newest result, in the order in which they were first graded."""
        rows = ATTEMPTS.c
        found: dict[str, dict[str, GradeReport]] = {}
        query = select(ATTEMPTS).where(rows.assignment == assignment).order_by(rows.id)
        with self._begin() as connection:
            for row in connection.execute(query):
                # The same work graded again keeps its place.
                found.setdefault(row.student, {})[row.submission_digest] = _to_attempt(row).report
        return {student: list(attempts.values()) for student, attempts in found.items()}

    def find_last_row(self, assignment: str) -> int:
        """Return the number of an assignment's newest row: a mark to compare with later; 0 where there is none."""
        with self._begin() as connection:
            return connection.scalar(select(func.max(ATTEMPTS.c.id)).where(ATTEMPTS.c.assignment == assignment)) or 0

    def compare_rows(
        self, assignment: str, after: int, until: int | None = None
    ) -> Iterator[tuple[GradeReport | None, GradeReport]]:
        """Give the report that counted at row `after` and the one at row `until`, or now, of who has another since."""
        rows = ATTEMPTS.c
        last = func.max(rows.id)
        mine = select(rows.student, last.label("id")).where(rows.assignment == assignment).group_by(rows.student)
        within = mine.where(rows.id > after) if until is None else mine.where(rows.id > after, rows.id <= until)
        latest, former = within.subquery(), mine.where(rows.id <= after).subquery()
        pairs = select(former.c.id, latest.c.id).outerjoin_from(latest, former, former.c.student == latest.c.student)
        with self._begin() as connection:
            numbers = connection.execute(pairs.order_by(latest.c.student)).all()
            for before, now in numbers:
                former_report = None if before is None else _read_report(connection, before)
                yield former_report, _read_report(connection, now)

    def list_points(self, assignment: str, student: str = "") -> dict[str, list[AttemptPoints]]:
        """Return the points of each student's attempts, or of one student's, in the order of `list_attempts`."""
        rows = ATTEMPTS.c
        found: dict[str, dict[str, AttemptPoints]] = {}
        query = select(ATTEMPTS).where(rows.assignment == assignment).order_by(rows.id)
        if student:
            query = query.where(rows.student == student)
        with self._begin() as connection:
            for row in connection.execute(query):
                points = AttemptPoints.read(_to_attempt(row).report)
                found.setdefault(row.student, {})[row.submission_digest] = points
        return {student: list(attempts.values()) for student, attempts in found.items()}

    def find_result(self, student: str, assignment: str, path: Path) -> Attempt | None:
        """Return the newest result of the submission at a path, even if the folder of the class was moved since."""
        rows = ATTEMPTS.c
        place = f"%/{path.parent.name}/{path.name}"
        query = select(ATTEMPTS).where(rows.student == student, rows.assignment == assignment)
        return self._find_first(query.where(rows.path.like(place)).order_by(rows.id.desc()))

    def add_adjustments(self, assignment: str, adjustments: Sequence[Adjustment]) -> None:
        """Keep adjustments, or none of them. One without a number or a time gets the next and the current one."""
        with self._begin() as connection:
            last: int = connection.scalar(select(func.coalesce(func.max(ADJUSTMENTS.c.number), 0))) or 0
            for following, adjustment in enumerate(adjustments, start=last + 1):
                number = adjustment.number or following
                row = {**asdict(adjustment), "number": number, "assignment": assignment, "author": adjustment.by}
                del row["by"]
                row["made_at"] = adjustment.made_at or datetime.now(UTC).replace(tzinfo=None)
                connection.execute(insert(ADJUSTMENTS).values(row))

    def list_adjustments(self, assignment: str, student: str = "") -> dict[str, list[Adjustment]]:
        """Return every adjustment or one student's, undone or not, by student and in the order of their numbers."""
        query = select(ADJUSTMENTS).where(ADJUSTMENTS.c.assignment == assignment).order_by(ADJUSTMENTS.c.number)
        if student:
            query = query.where(ADJUSTMENTS.c.student == student)
        with self._begin() as connection:
            rows = connection.execute(query).mappings().all()
        found: dict[str, list[Adjustment]] = {}
        for row in rows:
            fields = {name: row[name] for name in _ADJUSTMENT_FIELDS}
            found.setdefault(row["student"], []).append(Adjustment(by=row["author"], **fields))
        return found

    def _find_first(self, query: Select[Any], parameters: Mapping[str, object] | None = None) -> Attempt | None:
        with self._begin() as connection:
            row = connection.execute(query.limit(1), parameters).first()
        if row is None:
            return None
        return _to_attempt(row)

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        # While a connection is being made, sqlite3's own errors are not wrapped.
        except (SQLAlchemyError, sqlite3.Error) as error:
            cause = " ".join(str(getattr(error, "orig", None) or error).split())
            raise UsageError(
                f"the gradebook {self._engine.url.render_as_string()!r} cannot be used: {cause}; check that it is "
                "writable and that its disk has room, then run the same command again: what was graded is kept"
            ) from error


def _build_same_key() -> Select[Any]:
    rows = ATTEMPTS.c
    return (
        select(ATTEMPTS)
        .where(rows.submission_digest == bindparam("submission"))
        .where(rows.suite_digest == bindparam("suite"), rows.environment_digest == bindparam("environment"))
        .where(rows.status != "grader_fault")
        .order_by((rows.student == bindparam("own")).desc(), rows.id.desc())
    )


# To build it takes longer than to run it.
_SAME_KEY = _build_same_key()


def _read_report(connection: Connection, number: int) -> GradeReport:
    text = connection.execute(select(ATTEMPTS.c.report).where(ATTEMPTS.c.id == number)).scalar_one()
    return GradeReport.model_validate_json(text)


def _to_attempt(row: Row[Any]) -> Attempt:
    return Attempt(
        CacheKey(row.submission_digest, row.suite_digest, row.environment_digest),
        GradeReport.model_validate_json(row.report),
        Evidence(row.path, row.recording, row.outline),
    )


def open_gradebook(place: str | Path) -> Gradebook:
    """Open a gradebook, and create it where it is not there: an SQLite file, or a database by its URL.

    Raises UsageError where the URL is invalid or the database cannot be reached.
    """
    engine = open_engine(URL.create("sqlite", database=str(place)) if isinstance(place, Path) else place)
    try:
        return Gradebook(engine)
    except BaseException:
        engine.dispose()
        raise
