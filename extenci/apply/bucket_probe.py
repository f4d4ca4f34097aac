"""Trying whether a service's bucket takes objects: one is stored, read and deleted."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from extenci.apply.calls import RecoveryRun
from extenci.catalog.journal.journal import Journal
from extenci.cloud.clients import Clients
from extenci.cloud.journalled.client import Journalled
from extenci.model.errors import ServiceError
from extenci.model.finding import Finding, Level

STACK = "extenci-doctor"
"""The stack under which the journal has these calls."""
CONTENT = b"Written by extenci doctor --write; it may be deleted.\n"


def try_bucket(clients: Clients, journal: Journal) -> Iterator[Finding]:
    """Whether an object can be stored, read as it was stored, and deleted again. Nothing where the service
    has no bucket."""
    name, bucket = clients.service.name, clients.service.bucket
    if bucket is None:
        return
    run = RecoveryRun(journal, STACK)
    changes = Journalled(clients, run.calls(name))
    key = f"extenci-doctor-{secrets.token_hex(8)}.txt"
    try:
        changes.s3.put_object(bucket, key, CONTENT, content_type="text/plain")
        try:
            is_same = b"".join(clients.s3.get_object(bucket, key)) == CONTENT
        finally:
            changes.s3.delete_objects(bucket, [key])
        is_gone = clients.s3.object_info(bucket, key) is None
    except ServiceError as error:
        yield Finding(name, Level.PROBLEM, error.message, error.hint)
        return
    finally:
        run.end()
    if is_same and is_gone:
        yield Finding(name, Level.OK, f"an object was stored in the bucket {bucket}, read and deleted")
    else:
        wrong = "is still there after it was deleted" if is_same else "holds something else than was stored"
        yield Finding(name, Level.PROBLEM, f"The object {key} in the bucket {bucket} {wrong}.")
