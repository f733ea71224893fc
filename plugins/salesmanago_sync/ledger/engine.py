"""The database of the ledger: SQLite or PostgreSQL, with one writer at a time on either."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random

from salesmanago_sync.errors import ConfigurationError, Fault, RetriableError, SyncError, UnexpectedError

# A writer waits for the others; the longest write, 100,000 new bindings, takes some ten seconds.
BUSY_SECONDS = 120
PRIVATE = 0o600
# Any constant that nobody else locks in the same database.
WRITER_LOCK = 7_254_651
# SQLite takes 32,766 parameters in a statement, and its compile time grows with them.
CHUNK = 5_000
# Part of a logger's name: at INFO and DEBUG, SQLAlchemy logs statements and the rows that come back.
LOGGER = "ledger_of_the_sync"
# What databases call the faults that a person can end → what to say; by SQLite's names and PostgreSQL's codes.
FAULTS = {
    "SQLITE_FULL": "its disk is full. Free some space, then clear the failed tasks.",
    "53100": "its disk is full. Free some space, then clear the failed tasks.",
    "SQLITE_IOERR": "its disk fails. Look at the machine's own log.",
    "SQLITE_CORRUPT": "its file is damaged. Restore a copy.",
    "SQLITE_NOTADB": "its file is no database. Restore a copy.",
    "SQLITE_CANTOPEN": "its file cannot be opened. Check folder and rights.",
    "SQLITE_READONLY": "it may not be written. Check the rights of the file and its folder.",
    "25006": "it may not be written now. Wait until it is no standby any more.",
    "42501": "the user may not write it. Grant the rights on its tables.",
    "28P01": "the password is refused. Correct the connection sync_ledger.",
    "3D000": "there is no such database. Correct the connection sync_ledger.",
    "53300": "it has no connection left. Raise its limit, or let fewer tasks run.",
}


def address(text: str) -> sa.URL:
    """Read a database URL.

    Raises:
        ConfigurationError: It is no URL, or names another kind of database.
    """
    fix = "Use sqlite:////folder/ledger.db or postgresql://user:password@host/database."
    try:
        url = sa.make_url(text)
    except ArgumentError:
        # Not its text: it may hold a password.
        raise ConfigurationError([Fault("connection sync_ledger", "is no database URL.", fix)]) from None
    kind = {"postgres": "postgresql"}.get(url.get_backend_name(), url.get_backend_name())
    drivers = {"postgresql": "postgresql+psycopg2", "sqlite": "sqlite+pysqlite"}
    if kind not in drivers:
        raise ConfigurationError([Fault("connection sync_ledger", f"is of the unsupported kind {kind!r}.", fix)])
    return url.set(drivername=drivers[kind])


class Database:
    """Transactions on the ledger's database.

    A write waits for every other write to end (`BEGIN IMMEDIATE` or an advisory lock), so that what it has read
    stays true until it commits, and no two writers deadlock. Reads wait for nobody.
    """

    def __init__(self, url: sa.URL) -> None:
        self.engine = _engine(url)
        self._writing = self.engine.execution_options(writes=True)
        self.is_sqlite = self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a connection for reading, every statement of which sees one moment on SQLite."""
        with answering(self.engine.url), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self, *, alone: bool = True) -> Iterator[sa.Connection]:
        """Open a transaction that commits at the end, or leaves no trace.

        Args:
            alone: Whether it waits for every other write; not needed for one statement about one row.
        """
        with answering(self.engine.url), self._writing.begin() as connection:
            if alone and not self.is_sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(WRITER_LOCK)))
            yield connection

    def insert(self, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
        """Start an INSERT that knows ON CONFLICT."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def compact(self) -> None:
        """Rewrite the tables, so that the database's files hold nothing of what was deleted."""
        with answering(self.engine.url):
            if not self.is_sqlite:
                with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.exec_driver_sql("VACUUM")
                return
            raw = self.engine.raw_connection()
            try:
                cursor = raw.cursor()
                cursor.execute("VACUUM")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                cursor.close()
            finally:
                raw.close()

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def _engine(url: sa.URL) -> sa.Engine:
    logging.getLogger(f"sqlalchemy.engine.Engine.{LOGGER}").setLevel(logging.WARNING)
    # Without its parameters an error of the database tells nobody's values.
    private: dict[str, Any] = {"hide_parameters": True, "logging_name": LOGGER}
    if url.get_backend_name() == "postgresql":
        # Updates go in batches too: one round trip a row would take minutes for 100,000 rows.
        return sa.create_engine(url, pool_pre_ping=True, executemany_mode="values_plus_batch", **private)
    file = url.database
    if file and file != ":memory:" and not Path(file).absolute().parent.is_dir():
        raise ConfigurationError([Fault("connection sync_ledger", f"the folder of {file} does not exist.")])
    if file and file != ":memory:" and not file.startswith("file:"):
        _make_private(Path(file))
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS}, **private)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_private(file: Path) -> None:
    """Make the file with rights for its user only; so is one that is there and everybody may read.

    Rights of a group alone were given on purpose, and stay. SQLite gives the files beside it the same rights.
    """
    with suppress(OSError):  # what is wrong with the file, the database itself says
        if not file.exists():
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE))
        elif stat.S_IMODE(file.stat().st_mode) & 0o007:
            file.chmod(PRIVATE)


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver must not open transactions of its own accord; _begin_sqlite does.
    connection.isolation_level = None
    # Readers and a writer go on side by side. Whoever makes this change while another process opens the file, too, is
    # refused at once, whatever the time-out; asking again is harmless.
    for attempt in Retrying(
        retry=retry_if_exception_type(sqlite3.OperationalError),
        stop=stop_after_delay(BUSY_SECONDS),
        wait=wait_random(0.01, 0.1),
        reraise=True,
    ):
        with attempt:
            connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    # What is deleted or overwritten is not left in the file.
    connection.execute("PRAGMA secure_delete = ON")


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def answering(url: sa.URL) -> Iterator[None]:
    """Tell a fault of the database by its kind: its own text repeats the row that it refused.

    Raises:
        RetriableError: It does not answer, or cannot go on for now.
        UnexpectedError: It refuses what it was asked.
    """
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        raise _told(url, error) from None


def shown(url: sa.URL) -> str:
    """Write an address without what may be secret in it."""
    return url.set(query={}).render_as_string(hide_password=True)


def _told(url: sa.URL, error: DBAPIError | sqlite3.Error) -> SyncError:
    where = f"the ledger at {shown(url)}"
    code = _code(error.orig if isinstance(error, DBAPIError) else error)
    passing = isinstance(error, OperationalError | InterfaceError | sqlite3.OperationalError)
    known = next((said for name, said in FAULTS.items() if code == name or code.startswith(f"{name}_")), None)
    if known is not None:
        text = f"{where}: {known} ({code})"
    elif passing:
        text = f"{where} does not answer: {type(error).__name__} {code}".rstrip()
    else:
        return UnexpectedError(f"{where} refuses a statement: {type(error).__name__} {code}".rstrip())
    return RetriableError(text)


def _code(error: BaseException | None) -> str:
    found = getattr(error, "sqlite_errorname", None) or getattr(error, "pgcode", None)
    return "" if found is None else str(found)
