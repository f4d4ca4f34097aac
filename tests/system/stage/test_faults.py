"""Staging where the service misbehaves: a right snapshot or a clear error, never a wrong image.

Whatever comes of it, the same disk staged again without faults ends right, with one snapshot and one image.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from extenci.cloud.clients import Clients
from extenci.model.errors import AccessRefused, DiskChanged, DiskError, ExtenciError, ServiceError
from extenci.model.observed import SnapshotState
from extenci.model.ownership import STACK, VERSION
from extenci.model.service import SANDBOX_BUCKET, Service
from extenci.model.version import BLOCK_BYTES, Method
from extenci.sandbox import control
from extenci.stage.context import StageContext, StageRequest
from extenci.stage.methods import stage
from extenci.stage.s3_import.location import FOLDER
from tests.system.stage.broken_storage import FUSE
from tests.system.stage.conftest import context_of

BLOCKS = 24

Misbehave = Callable[[str], None]


@pytest.fixture
def misbehave(home: Path) -> Iterator[Misbehave]:
    """misbehave(rules): from now on, until the test ends or other rules are said."""

    def tell(rules: str) -> None:
        control.start(home, rules)

    yield tell
    tell("none")


@pytest.fixture
def disk(make_disk: Callable[..., Path]) -> Path:
    return make_disk(BLOCKS)


def faults_seen(home: Path, before: int) -> list[str]:
    """What went wrong on the service since its log had so many bytes."""
    return control.status(home).calls.read_text("utf-8")[before:].splitlines()


def log_size(home: Path) -> int:
    return len(control.status(home).calls.read_text("utf-8"))


def snapshots_of(context: StageContext, job: StageRequest) -> list[tuple[str, SnapshotState]]:
    return [(one.id, one.state) for one in context.clients.ec2.snapshots(job.tags[STACK])]


def check_right(context: StageContext, job: StageRequest, path: Path) -> None:
    """There is one image, on one snapshot, which holds the disk byte for byte, as the service reads it."""
    (image,) = context.clients.ec2.images_by_name(job.name)
    ((snapshot, state),) = snapshots_of(context, job)
    assert image.snapshots == (snapshot,)
    assert state is SnapshotState.COMPLETED
    tokens = context.clients.ebs.list_blocks(snapshot)
    with path.open("rb") as file:
        for index in range(path.stat().st_size // BLOCK_BYTES):
            if index in tokens:
                file.seek(index * BLOCK_BYTES)
                assert context.clients.ebs.get_block(snapshot, index, tokens[index]) == file.read(BLOCK_BYTES)
    assert sorted(tokens) == sorted(number * 7 for number in range(job.blocks))


def staged_again(context: StageContext, job: StageRequest) -> StageRequest:
    """The job as the next plan makes it: it goes on with the snapshot that is there."""
    pending = [snapshot for snapshot, _ in snapshots_of(context, job)]
    return replace(job, pending=pending[0] if pending else None)


PASSED_OVER = [
    "PutSnapshotBlock: throttle 20%",
    "PutSnapshotBlock: error 500 20%",
    "PutSnapshotBlock: error 503 first 5",
    "PutSnapshotBlock: reset every 6",
    "PutSnapshotBlock: lost every 6",
    "PutSnapshotBlock: missing 1s",
    "PutSnapshotBlock: slow 100ms",
    "StartSnapshot: throttle first 2",
    "StartSnapshot: error 500 first 1",
    "StartSnapshot: lost first 1",
    "CompleteSnapshot: throttle first 2",
    "CompleteSnapshot: error 503 first 1",
    "CompleteSnapshot: lost first 1",
    "CompleteSnapshot: missing 1s",
    "RegisterImage: throttle first 2",
    "RegisterImage: error 500 first 1",
    "RegisterImage: lost first 1",
    "RegisterImage: reset first 1",
    "DescribeSnapshots: throttle first 2; DescribeImages: error 503 first 2",
    "Put*: throttle 10%; Put*: reset every 9; Put*: lost every 11; Comp*: lost at 1; Reg*: lost at 1",
]


@pytest.mark.parametrize("rules", PASSED_OVER)
def test_what_passes_is_passed_over(
    home: Path,
    context: StageContext,
    disk: Path,
    job_of: Callable[..., StageRequest],
    misbehave: Misbehave,
    rules: str,
) -> None:
    job, before = job_of(disk), log_size(home)
    misbehave(rules)
    stage(job, context)
    misbehave("none")
    check_right(context, job, disk)
    lines = faults_seen(home, before)
    assert "slow" in rules or any('"error": ""' not in line for line in lines), "there was no fault"


WRONG_CONTENT = [
    "PutSnapshotBlock: damaged at 7",
    "PutSnapshotBlock: damaged",
    "PutSnapshotBlock: garbled at 7",
    "PutSnapshotBlock: garbled",
    "PutSnapshotBlock: wrong-checksum at 7",
    "PutSnapshotBlock: wrong-checksum",
]


@pytest.mark.parametrize("rules", WRONG_CONTENT)
def test_something_else_stored_never_becomes_an_image(
    home: Path,
    context: StageContext,
    disk: Path,
    job_of: Callable[..., StageRequest],
    misbehave: Misbehave,
    rules: str,
) -> None:
    job, before = job_of(disk), log_size(home)
    misbehave(rules)
    try:
        stage(job, context)
    except ServiceError:
        assert context.clients.ec2.images_by_name(job.name) == ()
        assert SnapshotState.COMPLETED not in [state for _, state in snapshots_of(context, job)]
        misbehave("none")
        finish(staged_again(context, job), context)
    assert any('"error": ""' not in line for line in faults_seen(home, before)), "there was no fault"
    misbehave("none")
    check_right(context, job, disk)


def test_what_the_answers_hide_is_found_when_the_snapshot_is_sealed(
    context: StageContext, disk: Path, job_of: Callable[..., StageRequest], misbehave: Misbehave
) -> None:
    """By the checksum over all blocks (CompleteSnapshot, LINEAR)."""
    job, waits = job_of(disk), [0.0]
    misbehave("PutSnapshotBlock: rotten at 7")
    with pytest.raises(ServiceError, match="refused CompleteSnapshot"):
        stage(job, replace(context, sleep=waits.append, clock=lambda: sum(waits)))
    assert snapshots_of(context, job) == []
    assert context.clients.ec2.images_by_name(job.name) == ()
    misbehave("none")
    stage(replace(job, token="anew" + job.token[4:]), context)
    check_right(context, job, disk)


def finish(job: StageRequest, context: StageContext) -> None:
    """Stage without faults; a snapshot that can't be right any more is given up first, and then made anew."""
    try:
        stage(job, context)
    except ServiceError:
        assert snapshots_of(context, job) == []
        stage(replace(job, pending=None, token="anew" + job.token[4:]), context)


GIVEN_UP = [
    ("PutSnapshotBlock: expired after 10", AccessRefused, "ExpiredTokenException"),
    ("CompleteSnapshot: expired", AccessRefused, "ExpiredTokenException"),
    ("RegisterImage: expired", AccessRefused, "RequestExpired"),
    ("StartSnapshot: expired", AccessRefused, "ExpiredTokenException"),
]


@pytest.mark.parametrize(("rules", "kind", "said"), GIVEN_UP)
def test_credentials_that_ran_out_are_told_and_the_rest_is_done_with_new_ones(
    context: StageContext,
    disk: Path,
    job_of: Callable[..., StageRequest],
    misbehave: Misbehave,
    rules: str,
    kind: type[ServiceError],
    said: str,
) -> None:
    job = job_of(disk)
    misbehave(rules)
    with pytest.raises(kind, match=said) as caught:
        stage(job, context)
    assert "Renew the credentials" in caught.value.hint
    assert context.clients.ec2.images_by_name(job.name) == ()
    misbehave("none")
    stage(staged_again(context, job), context)
    check_right(context, job, disk)


def test_a_disk_cut_short_while_it_is_sent_leaves_nothing_behind(
    context: StageContext,
    make_disk: Callable[..., Path],
    job_of: Callable[..., StageRequest],
    misbehave: Misbehave,
) -> None:
    path = make_disk(200)
    job = job_of(path)
    misbehave("PutSnapshotBlock: slow 20ms")
    cut = replace(context, on_progress=lambda _done, _total: os.truncate(path, 8 * BLOCK_BYTES))
    with pytest.raises(DiskChanged):
        stage(job, cut)
    assert snapshots_of(context, job) == []
    assert context.clients.ec2.images_by_name(job.name) == ()


def test_a_disk_written_to_while_it_is_sent_leaves_nothing_behind(
    context: StageContext,
    make_disk: Callable[..., Path],
    job_of: Callable[..., StageRequest],
    misbehave: Misbehave,
) -> None:
    path = make_disk(200)
    job = job_of(path)
    misbehave("PutSnapshotBlock: slow 20ms; PutSnapshotBlock: lost every 7")

    def write(_done: int, _total: int) -> None:
        with path.open("r+b") as file:
            file.seek(100 * BLOCK_BYTES)
            file.write(b"another")

    with pytest.raises(DiskChanged):
        stage(job, replace(context, on_progress=write))
    assert snapshots_of(context, job) == []


def test_a_disk_that_may_not_be_read_is_told_before_anything_is_begun(
    context: StageContext, disk: Path, job_of: Callable[..., StageRequest], journal: object
) -> None:
    job, user = job_of(disk), os.geteuid()
    disk.chmod(0)
    if user == 0:
        os.seteuid(65534)
    try:
        with pytest.raises(DiskError, match="permission denied"):
            stage(job, context)
    finally:
        os.seteuid(user)
    assert snapshots_of(context, job) == []


@pytest.mark.skipif(FUSE.exists(), reason="storage that really fails: test_broken_storage.py")
def test_a_sector_that_cannot_be_read_is_told_and_leaves_nothing_behind(
    context: StageContext, disk: Path, job_of: Callable[..., StageRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no storage can be made to fail, the kernel's answer is played."""
    job, read = job_of(disk), os.pread

    def pread(descriptor: int, length: int, offset: int) -> bytes:
        if offset == 20 * 7 * BLOCK_BYTES:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(descriptor, length, offset)

    monkeypatch.setattr(os, "pread", pread)
    with pytest.raises(DiskError, match=f"at byte {20 * 7 * BLOCK_BYTES}: Input/output error"):
        stage(job, context)
    assert snapshots_of(context, job) == []


def test_no_error_is_a_traceback(
    context: StageContext, disk: Path, job_of: Callable[..., StageRequest], misbehave: Misbehave
) -> None:
    """Where it never gets better, the error says what the service said."""
    job = job_of(disk)
    misbehave("StartSnapshot: error 500")
    with pytest.raises(ExtenciError, match="StartSnapshot"):
        stage(job, context)
    misbehave("none")
    stage(staged_again(context, job), context)
    check_right(context, job, disk)


@pytest.fixture
def import_context(service: Service, journal: Any) -> Iterator[StageContext]:
    clients = Clients(replace(service, bucket=SANDBOX_BUCKET))
    yield context_of(clients, journal)
    clients.close()


def to_import(job: StageRequest) -> StageRequest:
    registration = replace(job.version.registration, method=Method.IMPORT)
    version = replace(job.version, registration=registration)
    marks = {**job.tags, VERSION: str(version)}
    return replace(job, version=version, tags=marks, name=version.image_name("worker", job.tags[STACK]))


IMPORTS = [
    "UploadPart: throttle 20%",
    "UploadPart: error 500 first 3",
    "UploadPart: error 503 first 3",
    "UploadPart: reset every 5",
    "UploadPart: lost every 5",
    "UploadPart: garbled at 2",
    "UploadPart: damaged at 2",
    "UploadPart: wrong-checksum at 2",
    "CreateMultipartUpload: lost first 1",
    "CompleteMultipartUpload: error 500 first 1",
    "CompleteMultipartUpload: lost first 1",
    "ImportSnapshot: throttle first 2",
    "ImportSnapshot: lost first 1",
    "DescribeImportSnapshotTasks: error 503 first 2",
    "DeleteObject: throttle first 2",
]


@pytest.mark.parametrize("rules", IMPORTS)
def test_an_import_ends_right_or_is_told_and_ends_right_once_the_faults_are_gone(
    home: Path,
    import_context: StageContext,
    disk: Path,
    job_of: Callable[..., StageRequest],
    misbehave: Misbehave,
    rules: str,
) -> None:
    job, before = to_import(job_of(disk)), log_size(home)
    misbehave(rules)
    try:
        stage(job, import_context)
    except ServiceError:
        assert import_context.clients.ec2.images_by_name(job.name) == ()
        misbehave("none")
        stage(job, import_context)
    assert any('"error": ""' not in line for line in faults_seen(home, before)), "there was no fault"
    misbehave("none")
    check_right(import_context, job, disk)
    left = import_context.clients.s3.list_objects(SANDBOX_BUCKET, f"{FOLDER}/{job.tags[STACK]}/")
    assert list(left) == []


def test_a_call_that_is_never_answered_is_made_again(
    context: StageContext, disk: Path, job_of: Callable[..., StageRequest], misbehave: Misbehave
) -> None:
    job = job_of(disk)
    misbehave("PutSnapshotBlock: stall at 3")
    stage(job, context)
    misbehave("none")
    check_right(context, job, disk)
