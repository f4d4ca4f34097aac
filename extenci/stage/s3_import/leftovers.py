"""Leftovers of interrupted imports in S3: objects to import, their zeros, and unfinished uploads."""

from __future__ import annotations

from extenci.cloud.clients import Clients
from extenci.model.leftovers import Uploaded
from extenci.model.s3 import ImportState
from extenci.stage.s3_import.location import DISK, ZEROS


def find_leftovers(stored: Uploaded, clients: Clients) -> Uploaded:
    """The disks to import, and zeros for them, among a stack's objects and uploads. The objects of imports
    that are under way are in use."""
    objects = tuple(one for one in stored.objects if is_disk(one.key))
    uploads = tuple(one for one in stored.uploads if is_disk(one.key))
    tasks = clients.imports.tasks() if objects or uploads else ()
    active = (task for task in tasks if task.state is ImportState.ACTIVE and task.bucket == stored.bucket)
    zeros = {f"{key}{ZEROS}": at for key, at in stored.begun.items()}
    return Uploaded(stored.bucket, objects, uploads, zeros, frozenset(task.key for task in active))


def is_disk(key: str) -> bool:
    """Whether a key is that of a disk to be imported, or of zeros for one."""
    return key.endswith((DISK, DISK + ZEROS))
