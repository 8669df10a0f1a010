"""The gradebook: every attempt of a class, kept.

A database holds one class's gradebook: SQLite in RUN/gradebook.db, or PostgreSQL by URL. Rows are added and never
changed, so what was once graded stays; a student's last row is what counts.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
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

from grader.grading.cache_key import CacheKey
from grader.model.errors import UsageError
from grader.model.report import GradeReport, Status

FILE_NAME = "gradebook.db"
SCHEMA_VERSION = 2
# What brings a gradebook of the version before up to this version. Statements, since the tables below move on.
MIGRATIONS: Mapping[int, tuple[str, ...]] = {
    2: (
        "ALTER TABLE attempts ADD COLUMN path TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE attempts ADD COLUMN recording VARCHAR(64) NOT NULL DEFAULT ''",
        "ALTER TABLE attempts ADD COLUMN outline VARCHAR(64) NOT NULL DEFAULT ''",
        "CREATE TABLE outlines (digest VARCHAR(64) NOT NULL PRIMARY KEY, text TEXT NOT NULL)",
    )
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
    Column("score", Float),  # empty where the grader failed: that is no zero
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


@dataclass(frozen=True)
class Evidence:
    """What an attempt can be judged again from: where it was handed in, the recording of its replies, and the outline
    of the suite, each by its digest; empty where there is none."""

    path: str = ""
    recording: str = ""
    outline: str = ""


@dataclass(frozen=True)
class Attempt:
    """One row: a student's report, the key that it was made under, and what it was judged from."""

    key: CacheKey
    report: GradeReport
    evidence: Evidence = Evidence()

    @property
    def status(self) -> Status:
        """That of the report."""
        return self.report.status

    @property
    def score(self) -> float | None:
        """None where the grader failed: that is no zero."""
        return None if self.report.status == "grader_fault" else self.report.score


class Gradebook:
    """An open gradebook. Every method raises UsageError where the database refuses."""

    def __init__(self, engine: Engine) -> None:
        """Make the tables, or bring them up to date."""
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
        """Let go of the database."""
        self._engine.dispose()

    def add(self, key: CacheKey, report: GradeReport, evidence: Evidence = Evidence()) -> None:  # noqa: B008 - it is frozen
        """Keep one more attempt; when this returns, it outlives the process."""
        self.add_all([Attempt(key, report, evidence)])

    def add_all(self, attempts: Sequence[Attempt]) -> None:
        """Keep several, or none of them: a disk takes as long to be sure of one as of all."""
        with self._begin() as connection:
            connection.execute(insert(_ATTEMPTS), [_make_row(attempt) for attempt in attempts])

    def add_outline(self, text: str) -> str:
        """Keep a suite's outline, once. Its digest."""
        digest = hashlib.sha256(text.encode()).hexdigest()
        with self._begin() as connection:
            if connection.scalar(select(_OUTLINES.c.digest).where(_OUTLINES.c.digest == digest)) is None:
                connection.execute(insert(_OUTLINES).values(digest=digest, text=text))
        return digest

    def find_outline(self, digest: str) -> str | None:
        """The text of an outline."""
        with self._begin() as connection:
            found: str | None = connection.scalar(select(_OUTLINES.c.text).where(_OUTLINES.c.digest == digest))
        return found

    def find(self, key: CacheKey, student: str) -> GradeReport | None:
        """What was graded under that key: the student's own where there is one, or else anybody's. Never a fault."""
        attempt = self.find_attempt(key, student)
        return attempt.report if attempt else None

    def find_attempt(self, key: CacheKey, student: str) -> Attempt | None:
        """The same, with what it was judged from."""
        rows = _ATTEMPTS.c
        query = (
            select(_ATTEMPTS)
            .where(rows.submission_digest == key.submission)
            .where(rows.suite_digest == key.suite, rows.environment_digest == key.environment)
            .where(rows.status != "grader_fault")
            .order_by((rows.student == student).desc(), rows.id.desc())
            .limit(1)
        )
        with self._begin() as connection:
            row = connection.execute(query).first()
        return None if row is None else _make_attempt(row)

    def find_latest(self, student: str, assignment: str) -> GradeReport | None:
        """The report that counts for a student at present."""
        attempt = self.find_latest_attempt(student, assignment)
        return attempt.report if attempt else None

    def find_latest_attempt(self, student: str, assignment: str) -> Attempt | None:
        """The same, with what it was judged from."""
        query = _select_student(student, assignment).order_by(_ATTEMPTS.c.id.desc()).limit(1)
        with self._begin() as connection:
            row = connection.execute(query).first()
        return None if row is None else _make_attempt(row)

    def list_attempts(self, student: str, assignment: str) -> list[Attempt]:
        """All that was ever recorded for a student, the first one first."""
        with self._begin() as connection:
            rows = connection.execute(_select_student(student, assignment).order_by(_ATTEMPTS.c.id)).all()
        return [_make_attempt(row) for row in rows]

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        # sqlite3's own errors come through as they are where a connection is only being made.
        except (SQLAlchemyError, sqlite3.Error) as error:
            cause = " ".join(str(getattr(error, "orig", None) or error).split())
            raise UsageError(
                f"the gradebook {self._engine.url.render_as_string()!r} cannot be used: {cause}; see that it may be "
                "written and that its disk has room, then run the same command again: what was graded is kept"
            ) from error


def locate_gradebook(run: Path) -> URL:
    """The gradebook that lies in a run's folder."""
    return URL.create("sqlite", database=str(run / FILE_NAME))


def open_gradebook(url: str | URL) -> Gradebook:
    """Open a gradebook, new or not. Raises UsageError where that URL is none or cannot be reached."""
    engine = _create_engine(url)
    try:
        return Gradebook(engine)
    except BaseException:
        engine.dispose()
        raise


def _create_engine(url: str | URL) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _create_sqlite_engine(parsed)
        if parsed.get_backend_name() == "postgresql":
            return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise UsageError(f"no driver for PostgreSQL ({error}): pip install 'grader[postgresql]'") from error
    except (SQLAlchemyError, ValueError) as error:
        raise UsageError(f"no database URL: {error}; write postgresql://user@host/database") from error
    raise UsageError(f"a gradebook is kept in SQLite or PostgreSQL, not in {parsed.get_backend_name()!r}")


def _create_sqlite_engine(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    # sqlite3 begins no transaction before a CREATE or an ALTER: a migration would be no longer all or nothing.
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _prepare_sqlite(connection: Any, record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL").close()
    # Not only a killed process but a lost machine, too, must find every attempt again.
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


def _select_student(student: str, assignment: str) -> Any:
    return select(_ATTEMPTS).where(_ATTEMPTS.c.student == student, _ATTEMPTS.c.assignment == assignment)


def _make_attempt(row: Any) -> Attempt:
    return Attempt(
        CacheKey(row.submission_digest, row.suite_digest, row.environment_digest),
        GradeReport.model_validate_json(row.report),
        Evidence(row.path, row.recording, row.outline),
    )


def _make_row(attempt: Attempt) -> dict[str, object]:
    return {
        "student": attempt.report.submission.student,
        "assignment": attempt.report.assignment.name,
        "submission_digest": attempt.key.submission,
        "suite_digest": attempt.key.suite,
        "environment_digest": attempt.key.environment,
        "status": attempt.status,
        "score": attempt.score,
        "max_score": attempt.report.max_score,
        "report": attempt.report.model_dump_json(),
        **asdict(attempt.evidence),
    }
