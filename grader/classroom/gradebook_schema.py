"""The tables of the gradebook, in SQLite or PostgreSQL, and the steps from one version of them to the next."""

from collections.abc import Mapping
from functools import partial
from typing import Any

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

from grader.model.errors import UsageError

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
ATTEMPTS = Table(
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
OUTLINES = Table(
    "outlines", _METADATA, Column("digest", String(64), primary_key=True), Column("text", Text, nullable=False)
)
ADJUSTMENTS = Table(
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


def open_engine(url: str | URL, *, begin: str = "BEGIN", synchronous: str = "FULL") -> Engine:
    """Return the engine of a database. Raises UsageError where the URL is invalid or its driver is missing.

    `begin` is SQLite's statement that begins a transaction: BEGIN IMMEDIATE for one that reads before it writes. With
    `synchronous="NORMAL"` SQLite does not wait for the disk: a power failure may undo what was written last.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
            event.listen(engine, "connect", partial(_prepare_sqlite, synchronous))
            # sqlite3 begins no transaction before a CREATE or an ALTER, so that half a migration could stay.
            event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
            return engine
        if parsed.get_backend_name() == "postgresql":
            # A database of the encoding SQL_ASCII, which a cluster made in the locale C has, would answer in bytes.
            utf8 = {"client_encoding": "utf8"}
            return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, connect_args=utf8)
    except ModuleNotFoundError as error:
        raise UsageError(f"no driver for PostgreSQL ({error}): pip install 'grader[postgresql]'") from error
    except (SQLAlchemyError, ValueError) as error:
        raise UsageError(f"not a database URL: {error}; write postgresql://user@host/database") from error
    raise UsageError(f"a gradebook is kept in SQLite or PostgreSQL, not in {parsed.get_backend_name()!r}")


def _prepare_sqlite(synchronous: str, connection: Any, record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL").close()
    # FULL: every attempt must be there after a power failure, too, not only after a killed process.
    connection.execute(f"PRAGMA synchronous={synchronous}").close()


def update_schema(connection: Connection) -> None:
    """Create the tables, or bring them up to date. Raises UsageError where they are newer than this grader."""
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
