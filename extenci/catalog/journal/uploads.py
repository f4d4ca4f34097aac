"""Uploads to S3 in the journal."""

from __future__ import annotations

import math
import sqlite3

from extenci.catalog.database.json_columns import unpack
from extenci.catalog.journal.runs import select_finished_runs
from extenci.model.record import PUT_BUNDLE

UPLOAD_CALLS = ("CreateMultipartUpload", "UploadPart", "PutObject", "CompleteMultipartUpload", PUT_BUNDLE)


def select_uploaded(
    connection: sqlite3.Connection, stack: str, service: str, alive: frozenset[str]
) -> dict[str, float]:
    """The keys that runs of a stack which are over uploaded to on a service, each with the time of the last
    call (seconds since the epoch). `alive` are the runs that are not over.

    A bundle's key is a prefix that one attempt alone uses; its time is infinite, since parts may still arrive
    after its run was killed.
    """
    finished = select_finished_runs(connection, stack, alive)
    rows = connection.execute(
        "SELECT calls.run, calls.call, calls.request, calls.at, calls.settled_at FROM calls"  # noqa: S608 - only a constant of this module
        " JOIN runs ON runs.id = calls.run WHERE runs.stack = ? AND calls.service = ?"
        f" AND calls.call IN ({', '.join('?' * len(UPLOAD_CALLS))}) ORDER BY calls.id",
        (stack, service, *UPLOAD_CALLS),
    ).fetchall()
    return {
        str(unpack(row["request"]).get("key")): math.inf
        if row["call"] == PUT_BUNDLE
        else row["settled_at"] or row["at"]
        for row in rows
        if row["run"] in finished
    }
