"""The upload that `extenci apply` makes, with all that belongs to it, as a function of no arguments."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from extenci.catalog.block_lists import BlockLists
from extenci.catalog.upload_notes import UploadNotes
from extenci.cloud.clients import Clients
from extenci.image.raw import read_disk
from extenci.model.services import KeyFiles, Service
from extenci.model.versions import Registration, Version
from extenci.model.words import Architecture, Method
from extenci.stage.ebs import upload
from extenci.stage.job import Job, Means


class NoJournal:
    """A journal that keeps nothing: it is written to twice an upload."""

    def begin(
        self,
        call: str,  # noqa: ARG002
        *,
        token: str = "",  # noqa: ARG002
        request: Mapping[str, object] | None = None,  # noqa: ARG002
        tags: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> int:
        """Write nothing down."""
        return 0

    def settle(self, intent: int, result: Mapping[str, object]) -> None:
        """Nothing to settle."""

    def fail(self, intent: int, reason: str) -> None:
        """Nothing to settle."""


def means_of(url: str, certificate: str, folder: Path, connections: int) -> Means:
    """Clients of the sink, and a home of their own in a folder."""
    (folder / "access").write_text("AKIABENCH", "utf-8")
    (folder / "secret").write_text("bench", "utf-8")
    keys = KeyFiles(str(folder / "access"), str(folder / "secret"))
    service = Service("bench", "us-east-1", ec2=url, s3=url, ebs=url, credentials=keys, ca_bundle=certificate)
    return Means(
        Clients(service, connections=connections),
        NoJournal(),
        block_lists=BlockLists(folder / "lists"),
        upload_notes=UploadNotes(folder / "notes"),
    )


def prepare(url: str, certificate: str, disk: str, connections: int) -> Callable[[], int]:
    """Know the disk as a plan does, and have clients; what is returned uploads, and tells how many blocks."""
    means = means_of(url, certificate, Path(tempfile.mkdtemp(dir=Path(disk).parent)), connections)
    job = plan_job(disk, means.block_lists)
    snapshot = means.clients.ebs.start_snapshot(1, "warm", {})
    means.clients.ec2.snapshots_by_id([snapshot])

    def send() -> int:
        upload(job, means)
        return job.blocks

    return send


def plan_job(path: str, lists: BlockLists) -> Job:
    """Read a disk as a plan does, and say what is to be staged."""
    with lists.record() as writer:
        disk = read_disk(path, on_block=writer.add)
        writer.keep(disk.digest)
    version = Version(disk.digest, Registration(Architecture.X86_64, None, Method.EBS, disk.gib))
    return Job(version, path, disk.size, disk.blocks, "bench", {}, "token")
