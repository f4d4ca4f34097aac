from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from extenci.model.errors import ServiceError
from extenci.model.ownership import STACK
from extenci.stage.context import StageContext, StagedImage, StageRequest
from extenci.stage.ebs.method import upload
from extenci.stage.methods import stage
from extenci.stage.register import register
from extenci.stage.unstage import unstage


def registered(
    job: StageRequest, snapshot: str, context: StageContext, tags: dict[str, str] | None = None
) -> StagedImage:
    own = job.tags if tags is None else tags
    return register(job.name, snapshot, job.version.registration, own, context)


def test_registering_again_takes_the_image_that_is_there(
    context: StageContext, job: StageRequest, journal: Any
) -> None:
    snapshot = upload(job, context)
    first = registered(job, snapshot, context)
    assert registered(job, snapshot, context) == first
    assert len(context.clients.ec2.images_by_name(job.name)) == 1
    assert journal.open == []


def test_an_image_of_our_snapshot_is_ours_without_any_tags(context: StageContext, job: StageRequest) -> None:
    snapshot = upload(job, context)
    first = registered(job, snapshot, context, tags={})
    assert registered(job, snapshot, context) == first


def test_the_same_version_from_another_snapshot_is_taken_and_the_second_snapshot_goes(
    context: StageContext, job: StageRequest
) -> None:
    first = stage(job, context)
    again = stage(replace(job, token=f"{job.token}b"), context)
    assert again == first
    assert [one.id for one in context.clients.ec2.snapshots(job.tags[STACK])] == [first.snapshot]


def test_a_name_that_someone_else_took_is_an_error(
    context: StageContext,
    job: StageRequest,
    make_disk: Callable[..., Path],
    job_of: Callable[..., StageRequest],
) -> None:
    theirs = registered(job, upload(job, context), context, tags={"owner": "someone else"})
    other = job_of(make_disk(1))
    with pytest.raises(ServiceError, match=f"already, {theirs.image}, and it is not extenci's"):
        registered(replace(other, name=job.name), upload(other, context), context)


def test_unstaging_removes_image_and_snapshot(context: StageContext, job: StageRequest, journal: Any) -> None:
    staged = stage(job, context)
    assert unstage(staged.image, [str(staged.snapshot)], context) == ()
    assert context.clients.ec2.images_by_name(job.name) == ()
    assert context.clients.ec2.snapshots(job.tags[STACK]) == ()
    assert journal.open == []


def test_unstaging_what_is_gone_is_done(context: StageContext, job: StageRequest, journal: Any) -> None:
    staged = stage(job, context)
    unstage(staged.image, [str(staged.snapshot)], context)
    assert unstage(staged.image, [str(staged.snapshot)], context) == ()
    assert unstage(None, ["snap-00000000000000000"], context) == ()
    assert unstage("ami-00000000000000000", [], context) == ()
    assert journal.open == []


def test_a_snapshot_that_another_image_uses_stays_with_a_warning(
    context: StageContext, job: StageRequest, journal: Any
) -> None:
    staged = stage(job, context)
    snapshot = str(staged.snapshot)
    theirs = registered(replace(job, name=f"{job.name}-theirs"), snapshot, context, tags={})
    pauses: list[float] = []
    (warning,) = unstage(staged.image, [snapshot], replace(context, sleep=pauses.append))
    assert warning.startswith(f"The snapshot {snapshot} stays: something else uses it.")
    assert pauses == [0.5, 1.0, 2.0]
    assert context.clients.ec2.images_by_name(job.name) == ()
    assert context.clients.ec2.snapshots_by_id([snapshot])[0].id == snapshot
    assert context.clients.ec2.images_by_name(f"{job.name}-theirs")[0].id == theirs.image
    assert journal.open == []
