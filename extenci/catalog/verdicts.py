"""Verdicts on versions: one that failed is not uploaded and verified again every night."""

from __future__ import annotations

import sqlite3

from extenci.catalog.database.json_columns import damaged
from extenci.model.address import Address
from extenci.model.record import VerdictRecord
from extenci.model.verdict import Verdict


def insert_verdict(connection: sqlite3.Connection, stack: str, verdict: VerdictRecord) -> None:
    """Record a verdict, in place of an earlier one on the same version and verify hash."""
    address = verdict.address
    connection.execute(
        "INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (stack, address.service, address.name, verdict.version, verdict.verify_hash, str(verdict.verdict),
         verdict.at, verdict.summary),
    )  # fmt: skip


def select_verdicts(connection: sqlite3.Connection, stack: str) -> tuple[VerdictRecord, ...]:
    """All verdicts of a stack, the latest last."""
    rows = connection.execute(
        "SELECT * FROM verdicts WHERE stack = ? ORDER BY at, service, name", (stack,)
    ).fetchall()
    return tuple(verdict_of(row) for row in rows)


def verdict_of(row: sqlite3.Row) -> VerdictRecord:
    """A row of `verdicts` as a value; CatalogError where a damaged file holds something else."""
    if row["verdict"] not in list(Verdict):
        raise damaged(str(row["verdict"]))
    return VerdictRecord(
        address=Address(row["service"], row["name"]),
        version=row["version"],
        verify_hash=row["trial"],
        verdict=Verdict(row["verdict"]),
        at=row["at"],
        summary=row["summary"],
    )
