"""What a home keeps: saved plans, the database, and notes; all of it may be damaged."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from extenci.catalog.disks.block_lists import BlockLists
from extenci.catalog.disks.upload_notes import SnapshotUpload, UploadNotes
from extenci.catalog.home import Home
from extenci.catalog.identity import home_id
from extenci.catalog.lock import read_holder
from extenci.catalog.plan_file.file import read_plan
from extenci.catalog.records import Catalog
from extenci.cloud.leases.own_key import OwnKey
from extenci.image.fingerprint import Fingerprint
from extenci.model.address import Address
from extenci.model.errors import CatalogError
from extenci.model.record import AppliedRecord, ResourceKind, ResourceRecord, VerdictRecord
from extenci.model.service import Service
from extenci.model.verdict import Verdict
from extenci.model.version import Disk
from tests.fuzz.reader import Read, Reader, check_message

STACK, SERVICE = "one", Service("cloud", "us-east-1")
_SQL = (
    b"CREATE TABLE", b"sqlite_master", b"SQLite format 3\0", b"{}", b"[1]", b'{"a":' * 40, b"RunInstances",
    b'{"instances":["i-1"]}', b'{"instances":7}', b'{"KeyName":[]}',
)  # fmt: skip
JSON = (
    b'{"', b'":', b"[", b"]", b"}", b"null", b"1e400", b"NaN", b'"\\ud800"', b'"\\u0000"', b'"member":',
    b'"is":',
    b'"__class__":', b"1.0", b"-1", b'"kind": "extenci plan"', b'"format_version": 2',
)  # fmt: skip


@contextmanager
def _open_plan(folder: Path) -> Iterator[Read]:
    path = folder / "plan"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        read_plan(path)

    yield read


def uses(catalog: Catalog) -> tuple[Callable[[], Any], ...]:
    """Everything that is read of a database."""
    journal = catalog.journal
    history = journal.history("cloud")
    return (
        lambda: catalog.records(STACK), catalog.stacks,
        lambda: catalog.services_with_records(STACK),
        lambda: catalog.stacks_with_records("cloud"), lambda: catalog.is_initialised("cloud"),
        lambda: [str(run) for run in journal.runs(STACK)], lambda: journal.unsettled(STACK),
        lambda: [str(run) for run in journal.past_runs(STACK)], lambda: journal.calls_of("r"),
        lambda: journal.done_changes("r"), lambda: journal.halfway_changes("r"),
        lambda: journal.count_calls("r", "c"), lambda: journal.made_key_pairs("r", "c"),
        lambda: journal.left_key_pairs(STACK, "cloud"), journal.key_pairs,
        lambda: journal.deregistered(STACK),
        lambda: journal.uploaded(STACK, "cloud"), lambda: journal.unseen_seconds("cloud", "i-1"),
        lambda: history.open_uploads("bucket", "extenci/"), lambda: history.registration("bucket/m"),
        lambda: history.manifest_of("ami-1"), lambda: catalog.abilities.of(SERVICE),
        lambda: catalog.digests.digest_of("/disk", Fingerprint(1, 2, 3, 4, 5)),
        lambda: catalog.digests.pinned_disk("00" * 32),
        lambda: journal.begin_run("new", STACK, "apply"),
        lambda: journal.settle(
            journal.begin("RunInstances", run="new", change="stage cloud/one", service="cloud"), {}),
        lambda: journal.end_run("new", "done"),
    )  # fmt: skip


def write_database(home: Home) -> None:
    """Fill a database with something of each kind."""
    address = Address("cloud", "pool")
    with Catalog.open(home, clock=lambda: 1e9) as catalog:
        catalog.remember(
            STACK,
            ResourceRecord("cloud", "i-1", ResourceKind.MACHINE, address, {"a": "b"}, {"type": "m5"}, 5.0),
        )
        catalog.set_applied(STACK, AppliedRecord(address, {"count": 3, "tags": {"a": "b"}}, 9.0))
        catalog.initialise("cloud")
        catalog.record_verdict(STACK, VerdictRecord(address, "v1", "hash", Verdict.PASSED, 5.0, "it works"))
        catalog.digests.store("/disk", Fingerprint(1, 2, 3, 4, 5), Disk("ab", 1, 1))
        journal = catalog.journal
        journal.begin_run("r", STACK, "apply")
        journal.begin_change("r", "c")
        for call, request, result in (
            ("RunInstances", {"MinCount": 2}, {"instances": ["i-1"]}),
            ("CreateKeyPair", {"KeyName": "extenci-1"}, {"key_pair": "extenci-1"}),
            ("RegisterImage", {"Name": "one", "ImageLocation": "bucket/m"}, {"image": "ami-1"}),
            ("DeregisterImage", {"ImageId": "ami-2"}, {}),
            ("CreateMultipartUpload", {"Bucket": "bucket", "Key": "extenci/1"}, {"upload": "u-1"}),
        ):
            journal.settle(
                journal.begin(call, run="r", change="stage cloud/one", service="cloud", request=request),
                result,
            )
        journal.begin(
            "StartSnapshot", run="r", change="stage cloud/one", service="cloud", request={"VolumeSize": 1}
        )


@contextmanager
def _open_database(folder: Path) -> Iterator[Read]:
    home = Home(folder)
    home.make(home.database.parent)
    journal = home.database.with_name(home.database.name + "-journal")

    def read(data: bytes) -> None:
        _read(home, journal, data)

    yield read


def _read(home: Home, journal: Path, data: bytes) -> None:
    """Each use fails in plain words; none keeps the others from being tried."""
    journal.unlink(missing_ok=True)
    home.database.write_bytes(data)
    with Catalog.open(home, clock=lambda: 1e9 + 60) as catalog:
        for use in uses(catalog):
            try:
                use()
            except CatalogError as error:
                check_message(str(error), data=data)


@contextmanager
def _open_values(folder: Path) -> Iterator[Read]:
    """A sound database, in which the input stands for a value of each column in turn."""
    home = Home(folder / "home")
    home.make(home.database.parent)
    write_database(home)
    sound = home.database.read_bytes()
    journal = home.database.with_name(home.database.name + "-journal")
    with sqlite3.connect(home.database) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = [
            (table, row[1])
            for table in tables
            if not table.startswith("sqlite")
            for row in connection.execute(f"PRAGMA table_info({table})")
        ]
    connection.close()

    def read(data: bytes) -> None:
        table, column = columns[sum(data[:4]) % len(columns)]
        given: bytes | str | float = data[1:]
        with suppress(ValueError):
            given = data[1:].decode()
            given = float(given) if data[:1] == b"n" else given
        home.database.write_bytes(sound)
        journal.unlink(missing_ok=True)
        changing = sqlite3.connect(home.database)
        with suppress(sqlite3.Error, OverflowError), changing:
            changing.execute(f"UPDATE {table} SET {column} = ?", (given,))  # noqa: S608
        changing.close()
        _read(home, journal, home.database.read_bytes())

    yield read


@contextmanager
def _open_notes(folder: Path) -> Iterator[Read]:
    """Small files that are no more than hints: where one is damaged, it is as if it was not there."""
    home = Home(folder)
    home.make(home.uploads_folder)
    home.make(home.blocks_folder)
    home.make(home.leases_folder)
    home.make(home.locks_folder)
    lock = home.lock("stack")
    upload = SnapshotUpload("cloud", "snap-1", "ab" * 32, None)

    def read(data: bytes) -> None:
        for path in (home.uploads_folder / "cloud@snap-1", home.blocks_folder / ("ab" * 32), lock,
                     home.path / "id", home.leases_folder / "key"):  # fmt: skip
            path.write_bytes(data)
        notes = UploadNotes(home.uploads_folder)
        notes.find("cloud", "snap-1")
        with notes.open(upload) as note:
            note.add(3)
        with BlockLists(home.blocks_folder).find("ab" * 32):
            pass
        str(read_holder(lock))
        home_id(home)
        OwnKey(home.leases_folder / "key").is_at("SHA256:abc")

    yield read


READERS = (
    Reader("plan-file", _open_plan, JSON),
    Reader("database", _open_database, _SQL),
    Reader("database-values", _open_values, (*_SQL, *JSON)),
    Reader("notes", _open_notes, JSON),
)
