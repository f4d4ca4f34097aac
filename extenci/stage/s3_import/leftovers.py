"""What interrupted imports have left in S3: objects to import, their zeros, and unfinished uploads."""

from __future__ import annotations

from extenci.cloud.clients import Clients
from extenci.model.leftovers import Uploaded
from extenci.model.s3 import ImportState
from extenci.stage.s3_import.location import DISK, ZEROS


def find_leftovers(lying: Uploaded, clients: Clients) -> Uploaded:
    """Those of a stack's objects and uploads that are disks to be imported, or zeros for one. The objects of
    imports that are under way are in use."""
    objects = tuple(one for one in lying.objects if is_disk(one.key))
    uploads = tuple(one for one in lying.uploads if is_disk(one.key))
    tasks = clients.imports.tasks() if objects or uploads else ()
    active = (task for task in tasks if task.state is ImportState.ACTIVE and task.bucket == lying.bucket)
    zeros = {f"{key}{ZEROS}": at for key, at in lying.begun.items()}
    return Uploaded(lying.bucket, objects, uploads, zeros, frozenset(task.key for task in active))


def is_disk(key: str) -> bool:
    """Whether a key is that of a disk to be imported, or of zeros for one."""
    return key.endswith((DISK, DISK + ZEROS))
