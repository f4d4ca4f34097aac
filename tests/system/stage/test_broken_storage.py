"""Disks on storage that fails: what cannot be read is told, with where it is, and nothing is left behind."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from extenci.catalog.disks.block_lists import BlockLists
from extenci.cloud.clients import Clients
from extenci.image.raw import open_disk, read_disk
from extenci.image.sources import Cache, open_source
from extenci.model.errors import DiskError
from extenci.model.ownership import STACK
from extenci.model.service import SANDBOX_BUCKET, Service
from extenci.model.version import BLOCK_BYTES, Method
from extenci.sandbox import control
from extenci.stage.context import StageContext, StageRequest
from extenci.stage.methods import stage
from tests.disks import add_boot_sector
from tests.program.command import run_extenci
from tests.system.stage.conftest import context_of

BLOCKS = 40
SIZE = 2**28
BROKEN = 35 * 7
"""The block that is tried: half of the disk's data is before it, enough for the first part of a bundle."""
IN_BLOCK = 64 * 1024
"""Where in the block it begins to fail."""
AT = BROKEN * BLOCK_BYTES + IN_BLOCK
PAGE = 4096
SENDS = {Method.EBS: "PutSnapshotBlock", Method.IMPORT: "UploadPart", Method.BUNDLE: "PutObject"}

Break = Callable[[Path, int], Callable[[], None]]


@pytest.fixture
def disk(make_disk: Callable[..., Path]) -> Path:
    return make_disk(BLOCKS, SIZE)


@dataclass(frozen=True)
class Seen:
    """What the service holds: snapshots of one job's stack, and all of the rest."""

    snapshots: frozenset[str]
    images: frozenset[str]
    keys: frozenset[str]
    uploads: frozenset[str]


def look(clients: Clients, job: StageRequest) -> Seen:
    return Seen(
        frozenset(one.id for one in clients.ec2.snapshots(job.tags[STACK])),
        frozenset(one.id for one in clients.ec2.images()),
        frozenset(one.key for one in clients.s3.list_objects(SANDBOX_BUCKET, "")),
        frozenset(one.id for one in clients.s3.multipart_uploads(SANDBOX_BUCKET, "")),
    )


@pytest.fixture
def context(home: Path, service: Service, journal: Any) -> Iterator[StageContext]:
    """The sandbox as a service that any method can be used with."""
    clients = Clients(replace(service, bucket=SANDBOX_BUCKET, bundle=control.bundle_keys(home)))
    yield context_of(clients, journal)
    clients.close()


def test_the_storage_fails_at_one_place_and_nowhere_else(disk: Path, break_disk: Break) -> None:
    sound = disk.read_bytes()
    mend = break_disk(disk, AT)
    with open_disk(disk) as opened:
        assert opened.size == SIZE
        for index in range(SIZE // BLOCK_BYTES):
            if index != BROKEN:
                first = index * BLOCK_BYTES
                assert opened.block(index) == sound[first : first + BLOCK_BYTES]
        before = os.pread(opened.descriptor, IN_BLOCK, BROKEN * BLOCK_BYTES)
        after = os.pread(opened.descriptor, BLOCK_BYTES, AT + PAGE)
    assert before == sound[AT - IN_BLOCK : AT]
    assert after == sound[AT + PAGE : AT + PAGE + BLOCK_BYTES]
    mend()
    assert disk.read_bytes() == sound


@pytest.mark.parametrize("byte", [0, AT, SIZE - PAGE], ids=["first", "in a block", "last"])
def test_what_is_read_for_the_digest_says_where_it_fails(disk: Path, break_disk: Break, byte: int) -> None:
    """The first and the last are looked at for the file's format before anything else."""
    with disk.open("r+b") as file:
        file.seek(-PAGE, os.SEEK_END)
        file.write(b"end")
    break_disk(disk, byte)
    with pytest.raises(DiskError) as caught:
        read_disk(disk)
    at = SIZE - 512 if byte == SIZE - PAGE else byte
    assert caught.value.message == f"The disk {disk} cannot be read at byte {at}: Input/output error."
    assert "storage" in caught.value.hint


def test_tables_of_an_image_that_cannot_be_read_are_told(tmp_path: Path, break_disk: Break) -> None:
    """They are looked at before qemu-img is started: those of VHDX are far from the file's start."""
    image, table = tmp_path / "disk.vhdx", 192 * 1024
    image.write_bytes(b"vhdxfile".ljust(2**20, b"\0"))
    break_disk(image, table)
    with (
        pytest.raises(DiskError, match=f"at byte {table}: Input/output error"),
        open_source(str(image), Cache(tmp_path / "cache")),
    ):
        pass
    assert [one for one in (tmp_path / "cache").rglob("*.raw") if one.is_file()] == []


@pytest.mark.parametrize("known", ["nothing", "its blocks", "its blocks and the file"])
@pytest.mark.parametrize("method", [Method.EBS, Method.IMPORT, Method.BUNDLE])
def test_a_sector_that_cannot_be_read_is_told_and_leaves_nothing_behind(
    home: Path,
    context: StageContext,
    journal: Any,
    disk: Path,
    job_of: Callable[..., StageRequest],
    break_disk: Break,
    method: Method,
    known: str,
) -> None:
    """Where the blocks are known from planning, it comes up while they are sent; otherwise before."""
    job = using(method, job_of(disk))
    if known != "nothing":
        context = replace(context, block_lists=list_of(disk, disk.parent / "lists"))
    if known == "its blocks and the file":
        context = replace(context, digest_of=lambda _path, _fingerprint: job.version.digest)
    before, calls = look(context.clients, job), calls_size(home)
    mend = break_disk(disk, AT)

    with pytest.raises(DiskError) as caught:
        stage(job, context)

    assert caught.value.message == f"The disk {disk} cannot be read at byte {AT}: Input/output error."
    assert caught.value.hint.startswith("The storage under it may be failing.")
    assert "left" not in caught.value.hint
    assert (f'"{SENDS[method]}"' in calls_since(home, calls)) == (known != "nothing")
    assert look(context.clients, job) == before
    assert journal.open == []

    mend()
    staged = stage(replace(job, token="anew" + job.token[4:]), context)
    assert look(context.clients, job).images == before.images | {staged.image}


def using(method: Method, job: StageRequest) -> StageRequest:
    registration = replace(job.version.registration, method=method)
    return replace(job, version=replace(job.version, registration=registration))


def list_of(disk: Path, folder: Path) -> BlockLists:
    """What planning keeps of a disk that it reads."""
    lists = BlockLists(folder)
    with lists.record() as writer:
        writer.keep(read_disk(disk, on_block=writer.add).digest)
    return lists


def calls_size(home: Path) -> int:
    return control.status(home).calls.stat().st_size


def calls_since(home: Path, size: int) -> str:
    return control.status(home).calls.read_bytes()[size:].decode()


def test_plan_says_which_disk_cannot_be_read_and_where_the_specs_name_it(
    home: Path, disk: Path, break_disk: Break, tmp_path: Path
) -> None:
    specs = tmp_path / "specs"
    specs.mkdir()
    (specs / "stack.yaml").write_text(f"service: sandbox\nimages:\n  worker:\n    source: {disk}\n")
    add_boot_sector(disk)
    break_disk(disk, AT)
    ended = run_extenci(
        "plan",
        specs,
        env={**os.environ, "EXTENCI_HOME": str(home), "EXTENCI_TRUST": f"sources:{disk.parent}"},
    )
    said = " ".join(ended.stderr.split())
    assert ended.returncode != 0
    assert "Traceback" not in said
    assert "stack.yaml:3" in said
    assert f"The disk {disk} cannot be read at byte {AT}: Input/output error." in said, said
