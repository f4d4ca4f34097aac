from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from extenci.cloud.clients import Clients
from extenci.model.observed import ImageState, SnapshotState
from extenci.model.ownership import STACK
from extenci.model.services import SANDBOX_BUCKET, Service
from extenci.model.words import Method
from extenci.stage.imports import FOLDER
from extenci.stage.job import Job, Means
from extenci.stage.methods import stage

MIB = 1024**2
GIB = 1024**3


@pytest.fixture
def importing(service: Service, journal: Any) -> Iterator[Means]:
    """Means of a service with a bucket."""
    clients = Clients(replace(service, bucket=SANDBOX_BUCKET))
    yield Means(clients, journal)
    clients.close()


def as_import(job: Job) -> Job:
    registration = replace(job.version.registration, method=Method.IMPORT)
    version = replace(job.version, registration=registration)
    return replace(job, version=version, name=version.image_name("worker", job.tags[STACK]))


@pytest.fixture
def import_job(job: Job) -> Job:
    return as_import(job)


def left_in_s3(means: Means, job: Job) -> list[str]:
    """Keys of what is left of a job's stack, objects and uploads."""
    s3, prefix = means.clients.s3, f"{FOLDER}/{job.tags[STACK]}/"
    uploads = [one.key for one in s3.multipart_uploads(SANDBOX_BUCKET, prefix)]
    return uploads + [one.key for one in s3.list_objects(SANDBOX_BUCKET, prefix)]


def disk_of(home: Path, snapshot: str | None) -> Path:
    return home / "sandbox" / "disks" / f"{snapshot}.raw"


def holds(stored: Path, path: Path) -> bool:
    """Whether a snapshot holds the disk at `path`; what is beyond the snapshot's end must be zeros."""
    with stored.open("rb") as one, path.open("rb") as other:
        while left := other.read(MIB):
            if one.read(MIB).ljust(len(left), b"\0")[: len(left)] != left:
                return False
        return one.read().count(0) == stored.stat().st_size - min(stored.stat().st_size, path.stat().st_size)


def test_a_sparse_disk_of_2_gib_is_imported_byte_for_byte(
    home: Path,
    importing: Means,
    make_disk: Callable[..., Path],
    job_of: Callable[..., Job],
    same_bytes: Callable[[Path, Path], bool],
) -> None:
    path = make_disk(blocks=80, size=2 * GIB)
    with path.open("r+b") as file:
        file.seek(2 * GIB - 1)
        file.write(b"end")
        file.truncate(2 * GIB)
    job = as_import(job_of(path))
    staged = stage(job, importing)
    assert same_bytes(path, disk_of(home, staged.snapshot))
    (image,) = importing.clients.ec2.images_by_name(job.name)
    assert (image.id, image.state, image.snapshots) == (
        staged.image,
        ImageState.AVAILABLE,
        (staged.snapshot,),
    )
    (snapshot,) = importing.clients.ec2.snapshots(job.tags[STACK])
    assert (snapshot.id, snapshot.state, snapshot.gib) == (staged.snapshot, SnapshotState.COMPLETED, 2)
    assert image.tags == snapshot.tags == job.tags
    assert left_in_s3(importing, job) == []
