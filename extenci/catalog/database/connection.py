"""One SQLite file that threads and processes share, and that survives kill -9 at any moment.

The rollback journal is used rather than the WAL, which does not work on NFS (sqlite.org/wal.html), where
home folders often are. `synchronous=EXTRA` also syncs the folder after the journal was deleted: with FULL,
a power cut just after a commit can undo it (sqlite.org/pragma.html#pragma_synchronous), and an intent must
not be undone after its call was sent.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from extenci.catalog.database.errors import explain, newer_version
from extenci.catalog.database.rows import checked_row
from extenci.catalog.database.schema import MIGRATIONS
from extenci.catalog.home import Home
from extenci.model.errors import CatalogError

BUSY_SECONDS = 20.0


class Database:
    """The records and the journal of one home. Any thread may use it; each use is one transaction.

    Nothing is created before the first write: until then, reading finds empty tables. If the file is deleted
    or replaced meanwhile, the next use opens the new one.
    """

    def __init__(
        self, home: Home, migrations: Sequence[str] = MIGRATIONS, busy_seconds: float = BUSY_SECONDS
    ) -> None:
        self.home = home
        self.path = home.database
        self._migrations = migrations
        self._busy_seconds = busy_seconds
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction that sees one state of the file; CatalogError."""
        with self._lock, explained(self.path):
            identity = identify(self.path)
            if identity is None:
                with self._empty() as connection:
                    yield connection
            else:
                with transaction(self._connect(identity), "BEGIN") as connection:
                    yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction that is on disk when the block is left; CatalogError."""
        with self._lock, explained(self.path):
            identity = identify(self.path) or self._create()
            with transaction(self._connect(identity), "BEGIN IMMEDIATE") as connection:
                yield connection

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = self._identity = None

    def _create(self) -> tuple[int, int]:
        self.home.make(self.path.parent)
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        status = self.path.stat()
        return status.st_dev, status.st_ino

    def _connect(self, identity: tuple[int, int]) -> sqlite3.Connection:
        if self._connection is not None and self._identity == identity:
            return self._connection
        self.close()
        connection = open_file(self.path, self._busy_seconds)
        try:
            self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        self._connection, self._identity = connection, identity
        return connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        if version_of(connection) == len(self._migrations):
            return
        with transaction(connection, "BEGIN IMMEDIATE"):
            version = version_of(connection)  # another process may have been faster
            if version > len(self._migrations):
                raise newer_version(self.path, version, len(self._migrations))
            for script in self._migrations[version:]:
                for statement in statements(script):
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(self._migrations)}")

    @contextmanager
    def _empty(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.row_factory = checked_row
        try:
            self._migrate(connection)
            yield connection
        finally:
            connection.close()


def identify(path: Path) -> tuple[int, int] | None:
    """The device and inode of a file; None where there is none, or it is empty."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return (status.st_dev, status.st_ino) if status.st_size or not path.is_file() else None


def open_file(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """A connection to an existing file, with the settings that durability needs."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=busy_seconds,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.row_factory = checked_row
    try:
        for setting in ("trusted_schema = OFF", "synchronous = EXTRA", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {setting}")
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "delete":
            connection.execute("PRAGMA journal_mode = DELETE")
    except BaseException:
        connection.close()
        raise
    return connection


def version_of(connection: sqlite3.Connection) -> int:
    """`PRAGMA user_version`: how many migrations the file has seen."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one: `executescript` would end the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def transaction(connection: sqlite3.Connection, begin: str) -> Iterator[sqlite3.Connection]:
    """Commit all that the block did, or undo it if it fails."""
    connection.execute(begin)
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raise errors of SQLite and of the file system as CatalogError."""
    try:
        yield
    except CatalogError:
        raise
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
        raise explain(path, error) from error
