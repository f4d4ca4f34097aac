"""A new version is sent as its difference to the one before, and an interrupted upload goes on."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from extenci.catalog.disks.block_lists import BlockLists
from extenci.catalog.disks.upload_notes import UploadNotes
from extenci.model.errors import DiskChanged, Interrupted, ServiceError
from extenci.model.observed import SnapshotState
from extenci.model.ownership import PARENT, STACK
from extenci.model.service import Service
from extenci.model.version import BLOCK_BYTES, Parent
from extenci.sandbox import control
from extenci.stage.context import StageContext, StageRequest
from extenci.stage.ebs.method import upload

SameBytes = Callable[[Path, Path], bool]


@dataclass
class Place:
    """One user's home as far as staging goes, and the disks of the sandbox."""

    context: StageContext
    home: Path
    same: SameBytes

    def holds(self, snapshot: str, disk: Path) -> bool:
        """Whether a snapshot holds the very bytes of a disk."""
        return self.same(disk, self.home / "sandbox" / "disks" / f"{snapshot}.raw")

    def snapshots(self, job: StageRequest) -> dict[str, SnapshotState]:
        return {one.id: one.state for one in self.context.clients.ec2.snapshots(job.tags[STACK])}

    @contextmanager
    def counting(self) -> Iterator[list[int]]:
        """Puts in a list how many blocks were put meanwhile."""
        count: list[int] = []
        before = self._puts()
        yield count
        count.append(self._puts() - before)

    def _puts(self) -> int:
        lines = (self.home / "sandbox" / "calls.jsonl").read_text().splitlines()
        calls = [json.loads(line) for line in lines]
        return sum(call["action"] == "PutSnapshotBlock" and call["status"] == 201 for call in calls)


@pytest.fixture
def place(context: StageContext, home: Path, tmp_path: Path, same_bytes: SameBytes) -> Place:
    lists, notes = BlockLists(tmp_path / "blocks"), UploadNotes(tmp_path / "uploads")
    return Place(replace(context, block_lists=lists, upload_notes=notes), home, same_bytes)


def write_block(path: Path, index: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(index * BLOCK_BYTES)
        file.write(data)


@pytest.fixture
def versions(
    make_disk: Callable[..., Path], job_of: Callable[..., StageRequest], place: Place
) -> tuple[StageRequest, Path]:
    """The job of the second version of a disk of 60 blocks, whose first is staged, and that second disk: one
    block changed, one became zeros, one came, one was written again with the same bytes."""
    path = make_disk(60)
    first = job_of(path)
    snapshot = upload(first, place.context)
    with path.open("rb") as file:
        file.seek(14 * BLOCK_BYTES)
        same = file.read(BLOCK_BYTES)
    write_block(path, 7, os.urandom(BLOCK_BYTES))
    write_block(path, 14, same)
    write_block(path, 21, bytes(BLOCK_BYTES))
    write_block(path, 1, os.urandom(100))
    second = job_of(path, stack=first.tags[STACK])
    return replace(second, parent=Parent(snapshot, first.version.digest)), path


def test_only_the_blocks_that_differ_are_sent(place: Place, versions: tuple[StageRequest, Path]) -> None:
    job, disk = versions
    with place.counting() as sent:
        snapshot = upload(job, place.context)
    assert sent == [3]
    assert place.holds(snapshot, disk)
    assert job.parent is not None
    (made,) = place.context.clients.ec2.snapshots_by_id([snapshot])
    assert made.tags == {**job.tags, PARENT: f"{job.parent.snapshot}:{job.parent.digest}"}


def test_only_the_blocks_that_differ_are_read_where_the_list_is_known(
    place: Place, versions: tuple[StageRequest, Path]
) -> None:
    job, disk = versions
    upload(replace(job, parent=None), place.context)
    before = bytes_read()
    snapshot = upload(replace(job, token=f"{job.token}again"), place.context)
    assert bytes_read() - before < 10 * BLOCK_BYTES
    assert place.holds(snapshot, disk)


def bytes_read() -> int:
    """What this process has read so far (proc(5), `rchar`)."""
    lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(lines["rchar"])


def test_a_smaller_disk_leaves_nothing_of_the_larger(
    place: Place, make_disk: Callable[..., Path], job_of: Callable[..., StageRequest]
) -> None:
    path = make_disk(30)
    first = job_of(path)
    parent = Parent(upload(first, place.context), first.version.digest)
    os.truncate(path, 20 * BLOCK_BYTES)
    job = replace(job_of(path, gib=1), parent=parent)
    snapshot = upload(job, place.context)
    os.truncate(path, 2**30)
    assert place.holds(snapshot, path)


def test_the_whole_is_sent_where_the_blocks_of_the_version_before_are_not_known_here(
    place: Place, versions: tuple[StageRequest, Path], tmp_path: Path
) -> None:
    job, disk = versions
    assert job.parent is not None
    (tmp_path / "blocks" / job.parent.digest).unlink()
    with place.counting() as sent:
        snapshot = upload(job, place.context)
    assert sent == [60]
    assert place.holds(snapshot, disk)
    assert PARENT not in place.context.clients.ec2.snapshots_by_id([snapshot])[0].tags


def test_the_whole_is_sent_where_the_snapshot_before_is_gone(
    place: Place, versions: tuple[StageRequest, Path]
) -> None:
    job, disk = versions
    assert job.parent is not None
    place.context.clients.unjournalled.ec2.delete_snapshot(job.parent.snapshot)
    with place.counting() as sent:
        snapshot = upload(job, place.context)
    assert sent == [60]
    assert place.holds(snapshot, disk)
    assert list(place.snapshots(job)) == [snapshot]


def test_a_disk_that_is_not_the_planned_one_in_a_changed_block_leaves_nothing(
    place: Place, versions: tuple[StageRequest, Path]
) -> None:
    job, disk = versions
    upload(
        replace(job, parent=None, token=f"{job.token}a"), place.context
    )  # from now on its blocks are known
    before = place.snapshots(job)
    write_block(disk, 7, os.urandom(9))
    with pytest.raises(Exception, match="no longer the one that was planned"):
        upload(replace(job, token=f"{job.token}second"), place.context)
    assert place.snapshots(job) == before


def stopped(job: StageRequest, context: StageContext, blocks: int) -> str:
    """The snapshot of an upload that was told to stop after some blocks."""

    def watch(done: int, _total: int) -> None:
        if done >= blocks * BLOCK_BYTES:
            context.stop.set()

    with pytest.raises(Interrupted):
        upload(job, replace(context, on_progress=watch))
    context.stop.clear()
    (pending,) = [
        one.id for one in context.clients.ec2.snapshots(job.tags[STACK]) if one.state is SnapshotState.PENDING
    ]
    return pending


def test_what_the_service_has_is_not_sent_again(
    place: Place, make_disk: Callable[..., Path], job_of: Callable[..., StageRequest], tmp_path: Path
) -> None:
    path = make_disk(200)
    job = job_of(path)
    seen: list[tuple[int, int]] = []
    with place.counting() as sent:
        pending = stopped(job, place.context, 20)
        again = replace(place.context, on_progress=lambda done, total: seen.append((done, total)))
        snapshot = upload(replace(job, pending=pending), again)
    assert snapshot == pending
    assert sent == [200]
    assert place.holds(snapshot, path)
    assert seen[0][0] >= 20 * BLOCK_BYTES
    assert seen[-1] == (200 * BLOCK_BYTES, 200 * BLOCK_BYTES)
    assert list((tmp_path / "uploads").iterdir()) == []


def test_another_home_sends_the_blocks_again_into_the_same_snapshot(
    place: Place, context: StageContext, make_disk: Callable[..., Path], job_of: Callable[..., StageRequest]
) -> None:
    path = make_disk(100)
    job = job_of(path)
    pending = stopped(job, place.context, 20)
    assert upload(replace(job, pending=pending), context) == pending
    assert place.holds(pending, path)


def test_a_difference_that_was_interrupted_is_gone_on_with(
    place: Place, make_disk: Callable[..., Path], job_of: Callable[..., StageRequest]
) -> None:
    job, path = many_changes(place, make_disk, job_of)
    with place.counting() as sent:
        pending = stopped(job, place.context, 20)
        snapshot = upload(replace(job, pending=pending), place.context)
    assert snapshot == pending
    assert sent == [150]
    assert place.holds(snapshot, path)


def test_a_difference_of_which_another_home_knows_nothing_is_begun_anew(
    place: Place, context: StageContext, make_disk: Callable[..., Path], job_of: Callable[..., StageRequest]
) -> None:
    """And left alone: the other home's run may be at it."""
    job, path = many_changes(place, make_disk, job_of)
    pending = stopped(job, place.context, 20)
    snapshot = upload(replace(job, pending=pending), context)  # by the token that the other has used
    assert snapshot != pending
    assert place.snapshots(job)[pending] is SnapshotState.PENDING
    assert place.holds(snapshot, path)


def many_changes(
    place: Place, make_disk: Callable[..., Path], job_of: Callable[..., StageRequest]
) -> tuple[StageRequest, Path]:
    """The second version of a disk: 100 new blocks, 50 that became zeros, whose first is staged."""
    path = make_disk(50)
    first = job_of(path)
    parent = Parent(upload(first, place.context), first.version.digest)
    with path.open("r+b") as file:
        file.truncate(0)
        file.truncate(2**30)
    for number in range(100):
        write_block(path, number * 3 + 1000, os.urandom(BLOCK_BYTES))
    return replace(job_of(path, stack=first.tags[STACK]), parent=parent), path


def test_after_kill_9_what_the_service_has_is_not_sent_again(
    place: Place,
    service: Service,
    make_disk: Callable[..., Path],
    job_of: Callable[..., StageRequest],
    tmp_path: Path,
) -> None:
    path = make_disk(1500)
    job = job_of(path)
    program = f"""
        import pickle, sys
        from pathlib import Path
        from extenci.catalog.disks.block_lists import BlockLists
        from extenci.catalog.disks.upload_notes import UploadNotes
        from extenci.cloud.clients import Clients
        from extenci.cloud.journalled.client import Journalled
        from extenci.stage.ebs.method import upload
        from extenci.stage.context import StageContext
        class NoCalls:
            def begin(self, call, **_): return 0
            def settle(self, intent, result): pass
            def fail(self, intent, reason): pass
        job, service = pickle.load(sys.stdin.buffer)
        home = Path({str(tmp_path)!r})
        lists, notes = BlockLists(home / "blocks"), UploadNotes(home / "uploads")
        clients = Clients(service)
        means = StageContext(clients, Journalled(clients, NoCalls()), block_lists=lists, upload_notes=notes,
                      on_progress=lambda done, total: print(done, flush=True))
        upload(job, means)
    """
    with place.counting() as sent:
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(pickle.dumps((job, service)))
        child.stdin.close()
        while int(child.stdout.readline()) < 150 * BLOCK_BYTES:
            pass
        child.send_signal(signal.SIGKILL)
        child.stdout.close()
        child.wait(10)
        time.sleep(0.3)  # what the sandbox had taken in settles
        (pending,) = place.snapshots(job)
        assert upload(replace(job, pending=pending), place.context) == pending
    assert 1500 <= sent[0] <= 1500 + 256  # those whose answers nobody read are sent again
    assert place.holds(pending, path)


def test_a_disk_that_changed_and_looks_as_before_is_noticed_by_its_blocks_checksums(
    place: Place, make_disk: Callable[..., Path], job_of: Callable[..., StageRequest]
) -> None:
    path = make_disk(40)
    job = job_of(path)
    upload(replace(job, token=f"{job.token}first"), place.context)  # from now on its blocks are known
    before = place.snapshots(job)
    write_block(path, 7, os.urandom(9))
    os.utime(path, (1, 1))
    trusting = replace(place.context, digest_of=lambda _path, _fingerprint: job.version.digest)
    with pytest.raises(DiskChanged, match="no longer the one that was planned"):
        upload(replace(job, token=f"{job.token}second"), trusting)
    assert place.snapshots(job) == before


def test_blocks_that_are_refused_although_they_are_the_planned_ones_are_the_services_error(
    place: Place, make_disk: Callable[..., Path], job_of: Callable[..., StageRequest], service: Service
) -> None:
    path = make_disk(20)
    job = job_of(path)
    upload(replace(job, token=f"{job.token}first"), place.context)
    trusting = replace(place.context, digest_of=lambda _path, _fingerprint: job.version.digest)
    control.start(place.home, faults="PutSnapshotBlock: garbled")
    try:
        with pytest.raises(ServiceError, match="refused PutSnapshotBlock"):
            upload(replace(job, token=f"{job.token}second"), trusting)
    finally:
        control.start(place.home, faults="none")
