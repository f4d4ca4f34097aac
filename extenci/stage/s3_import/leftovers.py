"""Leftovers of interrupted imports in S3: objects to import, their zeros, and unfinished uploads."""

from __future__ import annotations

from collections.abc import Sequence

from extenci.cloud.clients import Clients
from extenci.model.errors import AccessRefused
from extenci.model.leftovers import Uploaded
from extenci.model.s3 import ImportState, StoredObject
from extenci.stage.s3_import.location import DISK, ZEROS


def find_leftovers(stored: Uploaded, clients: Clients) -> Uploaded:
    """The disks to import, and zeros for them, among a stack's objects and uploads. The objects of imports
    that are under way are in use; any may be, where these credentials may not list imports."""
    objects = tuple(one for one in stored.objects if is_disk(one.key))
    uploads = tuple(one for one in stored.uploads if is_disk(one.key))
    zeros = {f"{key}{ZEROS}": at for key, at in stored.begun.items()}
    return Uploaded(stored.bucket, objects, uploads, zeros, _busy(stored.bucket, objects, clients))


def _busy(bucket: str, objects: Sequence[StoredObject], clients: Clients) -> frozenset[str]:
    if not objects:  # an upload that is unfinished cannot be imported
        return frozenset()
    try:
        tasks = clients.imports.tasks()
    except AccessRefused:
        return frozenset(one.key for one in objects)
    active = (task for task in tasks if task.state is ImportState.ACTIVE and task.bucket == bucket)
    return frozenset(task.key for task in active)


def is_disk(key: str) -> bool:
    """Whether a key is that of a disk to be imported, or of zeros for one."""
    return key.endswith((DISK, DISK + ZEROS))
