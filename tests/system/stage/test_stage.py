from __future__ import annotations

import os
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from extenci.cloud.clients import Clients
from extenci.model.errors import (
    AccessRefused,
    DiskChanged,
    DiskError,
    Interrupted,
    NotFound,
    ServiceError,
)
from extenci.model.observed import ImageState, SnapshotState
from extenci.model.ownership import PLAN, STACK
from extenci.model.service import KeyFiles, Tagging
from extenci.model.version import BLOCK_BYTES
from extenci.stage.context import StageContext, StageRequest
from extenci.stage.ebs.method import upload
from extenci.stage.methods import stage
from tests.disks import noise
from tests.system.stage.conftest import context_of, through

MIB = 1024**2


def snapshot_ids(context: StageContext, job: StageRequest) -> list[str]:
    return [one.id for one in context.clients.ec2.snapshots(job.tags[STACK])]


def test_a_sparse_disk_of_2_gib_is_staged_byte_for_byte(
    home: Path,
    context: StageContext,
    make_disk: Callable[..., Path],
    job_of: Callable[..., StageRequest],
    same_bytes: Callable[[Path, Path], bool],
) -> None:
    path = make_disk(blocks=400, size=2 * 1024**3)
    job = job_of(path)
    staged = stage(job, context)
    assert staged.snapshot is not None
    stored = home / "sandbox" / "disks" / f"{staged.snapshot}.raw"
    assert same_bytes(path, stored)
    (image,) = context.clients.ec2.images_by_name(job.name)
    assert (image.id, image.state, image.snapshots) == (
        staged.image,
        ImageState.AVAILABLE,
        (staged.snapshot,),
    )
    assert (image.architecture, image.gib) == ("x86_64", 2)
    (snapshot,) = context.clients.ec2.snapshots(job.tags[STACK])
    assert (snapshot.id, snapshot.state, snapshot.gib) == (staged.snapshot, SnapshotState.COMPLETED, 2)
    assert image.tags == snapshot.tags == job.tags


def test_every_changing_call_is_written_down_before_and_after(
    context: StageContext, journal: Any, job: StageRequest
) -> None:
    stage(job, context)
    calls = ["StartSnapshot", "PutSnapshotBlock", "CompleteSnapshot", "RegisterImage"]
    assert journal.lines == [(how, call) for call in calls for how in ("begin", "settle")]


def test_tags_follow_where_the_service_takes_them_only_afterwards(
    clients_of: Callable[[Tagging], Clients],
    journal: Any,
    job: StageRequest,
) -> None:
    context = context_of(clients_of(Tagging.AFTER), journal)
    staged = stage(job, context)
    (image,) = context.clients.ec2.images_by_name(job.name)
    (snapshot,) = context.clients.ec2.snapshots(job.tags[STACK])
    assert snapshot.id == staged.snapshot
    assert image.tags == snapshot.tags == job.tags
    assert [call for how, call in journal.lines if how == "begin"] == [
        "StartSnapshot",
        "CreateTags",
        "PutSnapshotBlock",
        "CompleteSnapshot",
        "RegisterImage",
        "CreateTags",
    ]


def test_nothing_is_tagged_where_the_service_takes_no_tags(
    clients_of: Callable[[Tagging], Clients],
    journal: Any,
    job: StageRequest,
) -> None:
    context = context_of(clients_of(Tagging.NONE), journal)
    staged = stage(job, context)
    assert staged.snapshot is not None
    assert context.clients.ec2.images_by_name(job.name)[0].tags == {}
    assert context.clients.ec2.snapshots_by_id([staged.snapshot])[0].tags == {}


def test_a_disk_of_zeros_is_staged(
    context: StageContext, make_disk: Callable[..., Path], job_of: Callable[..., StageRequest]
) -> None:
    job = job_of(make_disk(0))
    assert job.blocks == 0
    staged = stage(job, context)
    assert staged.snapshot is not None
    assert context.clients.ebs.list_blocks(staged.snapshot) == {}


def test_a_last_block_that_is_short_is_padded_with_zeros(
    home: Path, context: StageContext, tmp_path: Path, job_of: Callable[..., StageRequest]
) -> None:
    path = tmp_path / "odd.raw"
    path.write_bytes(noise(BLOCK_BYTES + 1000))
    snapshot = upload(job_of(path), context)
    stored = home / "sandbox" / "disks" / f"{snapshot}.raw"
    with stored.open("rb") as file:
        assert file.read(2 * BLOCK_BYTES) == path.read_bytes().ljust(2 * BLOCK_BYTES, b"\0")


def test_progress_rises_to_the_bytes_of_data(
    context: StageContext, make_disk: Callable[..., Path], job_of: Callable[..., StageRequest]
) -> None:
    seen: list[tuple[int, int]] = []
    job = job_of(make_disk(200))
    upload(job, replace(context, on_progress=lambda done, total: seen.append((done, total))))
    assert seen == sorted(seen)
    assert seen[-1] == (200 * BLOCK_BYTES, 200 * BLOCK_BYTES)
    assert len(seen) > 5


def overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(39 * 7 * BLOCK_BYTES)
        file.write(b"changed")


def overwrite_secretly(path: Path) -> None:
    overwrite(path)
    os.utime(path, (1, 1))


@pytest.mark.parametrize("change", [overwrite, overwrite_secretly])
def test_a_disk_that_changes_while_it_is_sent_leaves_nothing_behind(
    context: StageContext,
    journal: Any,
    make_disk: Callable[..., Path],
    job_of: Callable[..., StageRequest],
    change: Callable[[Path], None],
) -> None:
    path = make_disk(100)
    job = job_of(path)
    changed: list[bool] = []

    def change_once(_done: int, _total: int) -> None:
        if not changed:
            changed.append(True)
            change(path)

    with pytest.raises(DiskChanged):
        stage(job, replace(context, on_progress=change_once))
    assert snapshot_ids(context, job) == []
    assert context.clients.ec2.images_by_name(job.name) == ()
    assert journal.open == []
    assert ("begin", "CompleteSnapshot") not in journal.lines


def test_a_disk_that_changed_since_it_was_planned_is_never_sealed(
    context: StageContext, make_disk: Callable[..., Path], job_of: Callable[..., StageRequest]
) -> None:
    path = make_disk(10)
    job = job_of(path)
    overwrite(path)
    with pytest.raises(DiskChanged, match="no longer the one that was planned"):
        stage(job, context)
    assert snapshot_ids(context, job) == []


def test_a_disk_of_another_size_than_planned_is_not_begun_with(
    context: StageContext, journal: Any, make_disk: Callable[..., Path], job_of: Callable[..., StageRequest]
) -> None:
    path = make_disk(3)
    job = job_of(path)
    os.truncate(path, 2**31)
    with pytest.raises(DiskChanged):
        stage(job, context)
    assert journal.lines == []


def test_data_beyond_the_volume_is_an_error_that_leaves_nothing(
    context: StageContext, make_disk: Callable[..., Path], job_of: Callable[..., StageRequest], tmp_path: Path
) -> None:
    path = tmp_path / "long.raw"
    with path.open("wb") as file:
        file.seek(2**30 + 5)
        file.write(b"x")
    job = job_of(path, gib=1)
    with pytest.raises(DiskError, match="beyond the 1 GiB"):
        stage(job, context)
    assert snapshot_ids(context, job) == []


def interrupted(job: StageRequest, context: StageContext) -> str:
    """The pending snapshot of an upload that was told to stop half-way."""
    with pytest.raises(Interrupted):
        stage(job, replace(context, on_progress=lambda done, _total: stop_at(done, context)))
    (snapshot,) = context.clients.ec2.snapshots(job.tags[STACK])
    assert snapshot.state is SnapshotState.PENDING
    context.stop.clear()
    return snapshot.id


def stop_at(done: int, context: StageContext) -> None:
    if done >= 10 * BLOCK_BYTES:
        context.stop.set()


def test_an_interrupted_upload_is_gone_on_with(
    home: Path,
    context: StageContext,
    journal: Any,
    make_disk: Callable[..., Path],
    job_of: Callable[..., StageRequest],
    same_bytes: Callable[[Path, Path], bool],
) -> None:
    path = make_disk(100)
    job = job_of(path)
    snapshot = interrupted(job, context)
    assert journal.open == []
    staged = stage(replace(job, pending=snapshot, token=f"{job.token}b"), context)
    assert staged.snapshot == snapshot
    assert snapshot_ids(context, job) == [snapshot]
    assert same_bytes(path, home / "sandbox" / "disks" / f"{snapshot}.raw")


def test_a_snapshot_that_is_gone_on_with_is_marked_as_of_the_run_that_does(
    context: StageContext, make_disk: Callable[..., Path], job_of: Callable[..., StageRequest]
) -> None:
    """So that the home whose run began it does not take it for left behind."""
    job = job_of(make_disk(100))
    snapshot = interrupted(job, context)
    assert upload(replace(job, pending=snapshot, tags={**job.tags, PLAN: "second"}), context) == snapshot
    (found,) = context.clients.ec2.snapshots_by_id([snapshot])
    assert found.tags[PLAN] == "second"


def test_a_pending_snapshot_that_holds_another_disk_is_never_sealed(
    context: StageContext, make_disk: Callable[..., Path], job_of: Callable[..., StageRequest]
) -> None:
    job = job_of(make_disk(100))
    snapshot = interrupted(job, context)
    other = job_of(make_disk(2, size=512 * MIB), stack=job.tags[STACK])
    waits: list[float] = []
    patient = replace(context, sleep=waits.append, clock=lambda: sum(waits))
    with pytest.raises(ServiceError, match="refused CompleteSnapshot"):
        stage(replace(other, pending=snapshot), patient)
    assert snapshot_ids(context, job) == []


def killed_after_completion(job: StageRequest, context: StageContext) -> str:
    """The snapshot of an upload that was killed while the service still sealed it."""

    def die(_seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upload(job, replace(context, sleep=die))
    (snapshot,) = context.clients.ec2.snapshots(job.tags[STACK])
    assert snapshot.state is SnapshotState.PENDING
    return snapshot.id


@pytest.mark.parametrize("blocks", [0, 20])
def test_a_snapshot_that_is_sealed_but_not_yet_complete_is_waited_for(
    slow_context: StageContext,
    make_disk: Callable[..., Path],
    job_of: Callable[..., StageRequest],
    blocks: int,
) -> None:
    """EBS direct API reference, CompleteSnapshot: it answers 202, and the snapshot is pending for a while."""
    job = job_of(make_disk(blocks))
    snapshot = killed_after_completion(job, slow_context)
    staged = stage(replace(job, pending=snapshot, token=f"{job.token}b"), slow_context)
    assert staged.snapshot == snapshot
    assert snapshot_ids(slow_context, job) == [snapshot]


def test_a_sealed_snapshot_of_another_disk_is_refused_as_the_service_did(
    slow_context: StageContext, make_disk: Callable[..., Path], job_of: Callable[..., StageRequest]
) -> None:
    job = job_of(make_disk(3))
    snapshot = killed_after_completion(job, slow_context)
    other = replace(job_of(make_disk(4), stack=job.tags[STACK]), pending=snapshot)
    with pytest.raises(ServiceError, match=r"refused PutSnapshotBlock .* is not pending"):
        stage(other, slow_context)
    assert slow_context.clients.ec2.images_by_name(other.name) == ()


def test_a_snapshot_that_is_complete_already_is_not_sent_again(
    context: StageContext, journal: Any, job: StageRequest
) -> None:
    snapshot = upload(job, context)
    journal.lines.clear()
    assert upload(replace(job, pending=snapshot), context) == snapshot
    assert journal.lines == []


def test_a_pending_snapshot_that_is_gone_is_made_anew(context: StageContext, job: StageRequest) -> None:
    job = replace(job, pending="snap-00000000000000000")
    staged = stage(job, context)
    assert snapshot_ids(context, job) == [staged.snapshot]


def test_refused_credentials_are_refused_access(
    context: StageContext, tmp_path: Path, job: StageRequest, journal: Any
) -> None:
    (tmp_path / "access").write_text("AKIADENIED0000000000")
    (tmp_path / "secret").write_text("anything")
    keys = KeyFiles(str(tmp_path / "access"), str(tmp_path / "secret"))
    clients = Clients(replace(context.clients.service, credentials=keys))
    with pytest.raises(AccessRefused):
        stage(job, through(context, clients))
    clients.close()
    assert journal.lines == [("begin", "StartSnapshot"), ("fail", "StartSnapshot")]


def test_a_snapshot_deleted_under_way_is_told(
    context: StageContext, make_disk: Callable[..., Path], job_of: Callable[..., StageRequest]
) -> None:
    job = job_of(make_disk(100))
    clients = Clients(context.clients.service, sleep=lambda _: None, clock=iter(range(0, 10**9, 60)).__next__)

    def delete(_done: int, _total: int) -> None:
        for snapshot in snapshot_ids(context, job):
            clients.unjournalled.ec2.delete_snapshot(snapshot)

    with pytest.raises(NotFound):
        stage(job, replace(through(context, clients), on_progress=delete))
    clients.close()


def test_memory_does_not_grow_with_the_disk(
    service: Any, tmp_path: Path, make_disk: Callable[..., Path], job_of: Callable[..., StageRequest]
) -> None:
    """In a process of its own, whose peak is known: VmHWM, since ru_maxrss holds the parent's too."""
    job = job_of(make_disk(500))
    script = textwrap.dedent(
        """
        import pickle, re, sys
        from pathlib import Path
        from extenci.cloud.clients import Clients
        from extenci.cloud.journalled.client import Journalled
        from extenci.stage.ebs.method import upload
        from extenci.stage.context import StageContext

        class Nothing:
            def begin(self, call, **more): return 0
            def settle(self, intent, result): pass
            def fail(self, intent, reason): pass

        service, job = pickle.load(sys.stdin.buffer)
        clients = Clients(service)
        upload(job, StageContext(clients, Journalled(clients, Nothing())))
        print(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=pickle.dumps((service, job)), capture_output=True, check=True
    )
    assert int(done.stdout) < 150 * 1024
