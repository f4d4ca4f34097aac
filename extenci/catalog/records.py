"""The catalog of a home: the records of each stack's resources, and the way to all else that is kept."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable
from types import TracebackType

from extenci.catalog.abilities import LearnedAbilities
from extenci.catalog.database.connection import Database
from extenci.catalog.database.json_columns import damaged, pack, unpack, unpack_tags
from extenci.catalog.disks.block_lists import BlockLists
from extenci.catalog.disks.digests import Digests
from extenci.catalog.disks.upload_notes import UploadNotes
from extenci.catalog.home import Home
from extenci.catalog.journal.intents import select_needed, select_removed
from extenci.catalog.journal.journal import Journal
from extenci.catalog.journal.runs import select_finished_runs
from extenci.catalog.verdicts import insert_verdict, select_verdicts
from extenci.model.address import Address
from extenci.model.record import AppliedRecord, Records, ResourceKind, ResourceRecord, VerdictRecord


class Catalog:
    """The records, the journal and the digests of one home. Any thread may use it.

    Every method raises CatalogError where the file cannot be used. Reading creates nothing.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float] = time.time,
        alone: Callable[[str], bool] = lambda _stack: False,
    ) -> None:
        self.home = database.home
        self.journal = Journal(database, clock, alone)
        self.digests = Digests(database, clock)
        self.block_lists = BlockLists(database.home.blocks_folder)
        self.abilities = LearnedAbilities(database, clock)
        self.upload_notes = UploadNotes(database.home.uploads_folder)
        self._database = database
        self._clock = clock

    @classmethod
    def open(
        cls,
        home: Home,
        clock: Callable[[], float] = time.time,
        *,
        alone: Callable[[str], bool] = lambda _stack: False,
    ) -> Catalog:
        """The catalog of a home. Its file is opened, and created, when it is first needed. `alone` tells
        whether no other process has a run of a stack in this home."""
        return cls(Database(home), clock, alone)

    def __enter__(self) -> Catalog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def records(self, stack: str) -> Records:
        """All records that planning a stack needs, as of one moment.

        `intents` are the unsettled calls, and the launches (RunInstances, StartSnapshot, RegisterImage …) of
        the last 48 hours that succeeded: their products may have no tags yet.
        """
        with self._database.reading() as connection:
            return Records(
                resources=select_resources(connection, stack),
                applied=select_applied(connection, stack),
                intents=select_needed(connection, stack, self._clock()),
                verdicts=select_verdicts(connection, stack),
                finished_runs=select_finished_runs(connection, stack, self.journal.alive(connection)),
                removed=select_removed(connection, stack, self._clock()),
                other_stacks=select_other_stacks(connection, stack),
            )

    def remember(self, stack: str, *resources: ResourceRecord) -> None:
        """Record resources as owned by a stack, in one transaction; earlier records of them are replaced."""
        rows = [
            (stack, known.service, known.id, str(known.kind), known.address.name, pack(known.tags),
             pack(known.facts), known.seen or self._clock())
            for known in resources
        ]  # fmt: skip
        if rows:
            with self._database.writing() as connection:
                connection.executemany(
                    "INSERT OR REPLACE INTO resources VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows
                )

    def forget(self, stack: str, service: str, ids: Iterable[str]) -> None:
        """Delete the records of resources; unknown ids are ignored."""
        rows = [(stack, service, id_) for id_ in ids]
        if rows:
            with self._database.writing() as connection:
                connection.executemany(
                    "DELETE FROM resources WHERE stack = ? AND service = ? AND id = ?", rows
                )

    def set_applied(self, stack: str, *applied: AppliedRecord) -> None:
        """Record the fields of specs that were applied completely."""
        rows = [
            (stack, known.address.service, known.address.name, pack(known.fields), known.at or self._clock())
            for known in applied
        ]
        if rows:
            with self._database.writing() as connection:
                connection.executemany("INSERT OR REPLACE INTO applied VALUES (?, ?, ?, ?, ?)", rows)

    def clear_applied(self, stack: str, *addresses: Address) -> None:
        """Forget the fields that were last applied at addresses."""
        rows = [(stack, address.service, address.name) for address in addresses]
        if rows:
            with self._database.writing() as connection:
                connection.executemany(
                    "DELETE FROM applied WHERE stack = ? AND service = ? AND name = ?", rows
                )

    def record_verdict(self, stack: str, verdict: VerdictRecord) -> None:
        """Record the verdict on a version."""
        with self._database.writing() as connection:
            insert_verdict(connection, stack, verdict)

    def initialise(self, service: str) -> None:
        """Record that, for a service without tags, these records are complete, even if they are empty."""
        with self._database.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO initialised VALUES (?, ?)", (service, self._clock()))

    def is_initialised(self, service: str) -> bool:
        """Whether `initialise` was called for a service."""
        return service in self._texts("SELECT service FROM initialised")

    def stacks(self) -> tuple[str, ...]:
        """The stacks that have records of resources, or runs, sorted."""
        return self._texts("SELECT stack FROM resources UNION SELECT stack FROM runs ORDER BY 1")

    def services_with_records(self, stack: str) -> tuple[str, ...]:
        """The services on which a stack owns something according to the records, sorted."""
        return self._texts("SELECT DISTINCT service FROM resources WHERE stack = ? ORDER BY 1", stack)

    def stacks_with_records(self, service: str) -> tuple[str, ...]:
        """The stacks that own something on a service according to the records, sorted."""
        return self._texts("SELECT DISTINCT stack FROM resources WHERE service = ? ORDER BY 1", service)

    def _texts(self, query: str, *values: str) -> tuple[str, ...]:
        with self._database.reading() as connection:
            return tuple(row[0] for row in connection.execute(query, values).fetchall())


def select_resources(connection: sqlite3.Connection, stack: str) -> tuple[ResourceRecord, ...]:
    """The resources that a stack owns according to the records, by service and id."""
    rows = connection.execute(
        "SELECT * FROM resources WHERE stack = ? ORDER BY service, id", (stack,)
    ).fetchall()
    return tuple(resource_of(row) for row in rows)


def select_other_stacks(connection: sqlite3.Connection, stack: str) -> dict[Address, tuple[str, ...]]:
    """The stacks, other than this one, that have resources at addresses whose specs were applied."""
    rows = connection.execute(
        "SELECT DISTINCT service, name, stack FROM applied JOIN resources USING (stack, service, name)"
        " WHERE stack != ? ORDER BY 1, 2, 3",
        (stack,),
    ).fetchall()
    found: dict[Address, tuple[str, ...]] = {}
    for row in rows:
        address = Address(row["service"], row["name"])
        found[address] = (*found.get(address, ()), row["stack"])
    return found


def resource_of(row: sqlite3.Row) -> ResourceRecord:
    """A row of `resources` as a value; CatalogError where a damaged file holds something else."""
    if row["kind"] not in list(ResourceKind):
        raise damaged(str(row["kind"]))
    return ResourceRecord(
        service=row["service"],
        id=row["id"],
        kind=ResourceKind(row["kind"]),
        address=Address(row["service"], row["name"]),
        tags=unpack_tags(row["tags"]),
        facts=unpack(row["facts"]),
        seen=row["seen"],
    )


def select_applied(connection: sqlite3.Connection, stack: str) -> dict[Address, AppliedRecord]:
    """The fields that were last applied completely, by address."""
    rows = connection.execute(
        "SELECT * FROM applied WHERE stack = ? ORDER BY service, name", (stack,)
    ).fetchall()
    addresses = [Address(row["service"], row["name"]) for row in rows]
    return {
        address: AppliedRecord(address, unpack(row["fields"]), row["at"])
        for address, row in zip(addresses, rows, strict=True)
    }
