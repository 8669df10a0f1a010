"""The database of a service: transactions, and nothing about what is in them."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy import URL, Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from grader.classroom.gradebook_schema import open_engine
from grader.model.errors import GraderError
from grader.server.schema import create_tables
from grader.server.settings import DataFolder, ServiceSite


class StoreUnavailable(GraderError):
    """The database does not answer, or its disk is full; what it acknowledged before, it keeps."""


class Store:
    """An open database. Every method raises StoreUnavailable where it does not answer."""

    def __init__(self, url: str | URL, site: str) -> None:
        """Create the tables where they are not there."""
        self._reader = open_engine(url)
        self._writer = open_engine(url, begin="BEGIN IMMEDIATE")
        self._hasty = open_engine(url, begin="BEGIN IMMEDIATE", synchronous="NORMAL")
        # SQLite lets one connection write, and a second one would poll for its turn.
        self._turn = threading.Lock() if self._writer.dialect.name == "sqlite" else None
        try:
            with self.write() as connection:
                create_tables(connection, site)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a transaction that only reads."""
        with _begin(self._reader) as connection:
            yield connection

    @contextmanager
    def write(self, *, is_durable: bool = True) -> Iterator[Connection]:
        """Give a transaction. Once the block has ended, what it wrote outlives the process and the power.

        Without `is_durable` it outlives the process only, and does not wait for the disk: for what the next start
        finds out again.
        """
        with ExitStack() as stack:
            if self._turn is not None:
                stack.enter_context(self._turn)
            connection = stack.enter_context(_begin(self._writer if is_durable else self._hasty))
            if not is_durable and self._turn is None:
                connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
            yield connection

    def close(self) -> None:
        """Close the connections."""
        self._reader.dispose()
        self._writer.dispose()
        self._hasty.dispose()


@contextmanager
def _begin(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.begin() as connection:
            yield connection
    # While a connection is being made, sqlite3's own errors are not wrapped.
    except (SQLAlchemyError, sqlite3.Error) as error:
        cause = " ".join(str(getattr(error, "orig", None) or error).split())
        raise StoreUnavailable(f"the service's database cannot be used: {cause}; is it running, with room?") from error


def open_store(data: DataFolder, site: ServiceSite) -> Store:
    """Open the database of a data folder. Raises UsageError where it belongs to another one."""
    url = site.store or URL.create("sqlite", database=str(data.database))
    store = Store(url, site.id)
    if not site.store:
        data.database.chmod(0o600)
    return store
