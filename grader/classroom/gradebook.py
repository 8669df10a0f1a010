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

from sqlalchemy import (
    URL,
    Column,
    Connection,
    DateTime,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    create_engine,
    event,
    func,
    insert,
    inspect,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from grader.classroom.adjustments import Adjustment
from grader.grading.cache_key import CacheKey
from grader.model.errors import UsageError
from grader.model.report import GradeReport

SCHEMA_VERSION = 3
# Statements that bring a gradebook of the version before up to this one. Not the tables below: those change.
MIGRATIONS: Mapping[int, tuple[str, ...]] = {
    2: (
        "ALTER TABLE attempts ADD COLUMN path TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE attempts ADD COLUMN recording VARCHAR(64) NOT NULL DEFAULT ''",
        "ALTER TABLE attempts ADD COLUMN outline VARCHAR(64) NOT NULL DEFAULT ''",
        "CREATE TABLE outlines (digest VARCHAR(64) NOT NULL PRIMARY KEY, text TEXT NOT NULL)",
    ),
    3: (
        "CREATE TABLE adjustments (number INTEGER NOT NULL PRIMARY KEY, assignment TEXT NOT NULL, "
        "student TEXT NOT NULL, kind VARCHAR(16) NOT NULL, todo TEXT NOT NULL, points FLOAT, reason TEXT NOT NULL, "
        "comment TEXT NOT NULL, author TEXT NOT NULL, undoes INTEGER, basis FLOAT, made_at TIMESTAMP NOT NULL)",
    ),
}
BUSY_SECONDS = 60

_METADATA = MetaData()
_VERSION = Table("schema_version", _METADATA, Column("version", Integer, nullable=False))
_ATTEMPTS = Table(
    "attempts",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("student", Text, nullable=False),
    Column("assignment", Text, nullable=False),
    Column("submission_digest", String(64), nullable=False),
    Column("suite_digest", String(64), nullable=False),
    Column("environment_digest", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("score", Float),  # empty where the grader failed, which is not a score of zero
    Column("max_score", Float, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("report", Text, nullable=False),
    Column("path", Text, nullable=False, server_default=""),
    Column("recording", String(64), nullable=False, server_default=""),
    Column("outline", String(64), nullable=False, server_default=""),
    Index("attempts_by_key", "submission_digest", "suite_digest", "environment_digest"),
    Index("attempts_by_student", "assignment", "student", "id"),
)
_OUTLINES = Table(
    "outlines", _METADATA, Column("digest", String(64), primary_key=True), Column("text", Text, nullable=False)
)
_ADJUSTMENTS = Table(
    "adjustments",
    _METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("assignment", Text, nullable=False),
    Column("student", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("todo", Text, nullable=False),
    Column("points", Float),
    Column("reason", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("undoes", Integer),
    Column("basis", Float),
    Column("made_at", DateTime, nullable=False),
)

_ADJUSTMENT_FIELDS = [field.name for field in fields(Adjustment) if field.name != "by"]


@dataclass(frozen=True)
class Evidence:
    """What an attempt can be judged again from; each part is empty where there is none.

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
            _update_schema(connection)

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
            connection.execute(insert(_ATTEMPTS), [attempt.to_row() for attempt in attempts])

    def add_fingerprint(self, text: str) -> str:
        """Keep a suite's fingerprint, once, and return its digest."""
        digest = hashlib.sha256(text.encode()).hexdigest()
        with self._begin() as connection:
            if connection.scalar(select(_OUTLINES.c.digest).where(_OUTLINES.c.digest == digest)) is None:
                connection.execute(insert(_OUTLINES).values(digest=digest, text=text))
        return digest

    def find_fingerprint(self, digest: str) -> str | None:
        """Return the text of a suite's fingerprint."""
        with self._begin() as connection:
            found: str | None = connection.scalar(select(_OUTLINES.c.text).where(_OUTLINES.c.digest == digest))
        return found

    def find_attempt(self, key: CacheKey, student: str) -> Attempt | None:
        """Return an attempt graded under that key: the student's own, or else anyone's. Never a fault."""
        rows = _ATTEMPTS.c
        return self._find_first(
            select(_ATTEMPTS)
            .where(rows.submission_digest == key.submission)
            .where(rows.suite_digest == key.suite, rows.environment_digest == key.environment)
            .where(rows.status != "grader_fault")
            .order_by((rows.student == student).desc(), rows.id.desc())
        )

    def find_latest_attempt(self, student: str, assignment: str) -> Attempt | None:
        """Return the attempt that counts for a student at present."""
        rows = _ATTEMPTS.c
        query = select(_ATTEMPTS).where(rows.student == student, rows.assignment == assignment)
        return self._find_first(query.order_by(rows.id.desc()))

    def add_adjustments(self, assignment: str, adjustments: Sequence[Adjustment]) -> None:
        """Keep adjustments, or none of them. One without a number or a time gets the next and the current one."""
        with self._begin() as connection:
            last: int = connection.scalar(select(func.coalesce(func.max(_ADJUSTMENTS.c.number), 0))) or 0
            for following, adjustment in enumerate(adjustments, start=last + 1):
                number = adjustment.number or following
                row = {**asdict(adjustment), "number": number, "assignment": assignment, "author": adjustment.by}
                del row["by"]
                row["made_at"] = adjustment.made_at or datetime.now(UTC).replace(tzinfo=None)
                connection.execute(insert(_ADJUSTMENTS).values(row))

    def list_adjustments(self, assignment: str) -> dict[str, list[Adjustment]]:
        """Return every adjustment, undone or not, by student and in the order of their numbers."""
        query = select(_ADJUSTMENTS).where(_ADJUSTMENTS.c.assignment == assignment).order_by(_ADJUSTMENTS.c.number)
        with self._begin() as connection:
            rows = connection.execute(query).mappings().all()
        found: dict[str, list[Adjustment]] = {}
        for row in rows:
            fields = {name: row[name] for name in _ADJUSTMENT_FIELDS}
            found.setdefault(row["student"], []).append(Adjustment(by=row["author"], **fields))
        return found

    def _find_first(self, query: Select[Any]) -> Attempt | None:
        with self._begin() as connection:
            row = connection.execute(query.limit(1)).first()
        if row is None:
            return None
        return Attempt(
            CacheKey(row.submission_digest, row.suite_digest, row.environment_digest),
            GradeReport.model_validate_json(row.report),
            Evidence(row.path, row.recording, row.outline),
        )

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


def open_gradebook(place: str | Path) -> Gradebook:
    """Open a gradebook, and create it where it is not there: an SQLite file, or a database by its URL.

    Raises UsageError where the URL is invalid or the database cannot be reached.
    """
    engine = _create_engine(URL.create("sqlite", database=str(place)) if isinstance(place, Path) else place)
    try:
        return Gradebook(engine)
    except BaseException:
        engine.dispose()
        raise


def _create_engine(url: str | URL) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
            event.listen(engine, "connect", _prepare_sqlite)
            # sqlite3 begins no transaction before a CREATE or an ALTER, so that half a migration could stay.
            event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
            return engine
        if parsed.get_backend_name() == "postgresql":
            return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise UsageError(f"no driver for PostgreSQL ({error}): pip install 'grader[postgresql]'") from error
    except (SQLAlchemyError, ValueError) as error:
        raise UsageError(f"not a database URL: {error}; write postgresql://user@host/database") from error
    raise UsageError(f"a gradebook is kept in SQLite or PostgreSQL, not in {parsed.get_backend_name()!r}")


def _prepare_sqlite(connection: Any, record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL").close()
    # Every attempt must be there after a power failure, too, not only after a killed process.
    connection.execute("PRAGMA synchronous=FULL").close()


def _update_schema(connection: Connection) -> None:
    if not inspect(connection).has_table(_VERSION.name):
        _METADATA.create_all(connection)
        connection.execute(insert(_VERSION).values(version=SCHEMA_VERSION))
    version = connection.scalar(select(_VERSION.c.version)) or 0
    if version > SCHEMA_VERSION:
        raise UsageError(
            f"the gradebook has version {version}, this grader knows {SCHEMA_VERSION}: use the grader that made it"
        )
    for step in range(version + 1, SCHEMA_VERSION + 1):
        for statement in MIGRATIONS[step]:
            connection.execute(text(statement))
        connection.execute(update(_VERSION).values(version=step))
