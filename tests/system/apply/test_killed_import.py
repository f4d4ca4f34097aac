"""apply with `method: import`, killed at each of its changing calls and run again: one image, on one
snapshot, and nothing left in S3. And what nobody goes on with, `gc` removes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest

from extenci import api
from extenci.catalog.home import Home
from extenci.model.outcomes import Result
from extenci.model.services import SANDBOX_BUCKET
from extenci.sandbox import control
from tests.system.apply.killing_proxy import KillingProxy, Way
from tests.system.apply.test_killed import MOST_CALLS, Rig, Tags
from tests.system.main_job.conftest import MIB, World

SPEC = """\
service: campus
images:
  worker:
    source: disks/worker.raw
    method: import
"""
NOTHING = "service: campus\nimages: {}\n"
PARTS = {"UploadPart", "PutObject", "UploadPartCopy"}
"""They are made at the same time, so that it differs from run to run which is the n-th."""
UPLOADING = PARTS | {"CreateMultipartUpload", "CompleteMultipartUpload"}
IMPORTING = {"ImportSnapshot", "DeleteObject", "RegisterImage"}


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setenv("EXTENCI_SANDBOX_IMPORT_SECONDS", "0.3")
    world = World(tmp_path, Home(tmp_path / "home"))
    running = control.start(world.home.path)
    proxy = KillingProxy({"ec2": running.ec2, "ebs": running.ebs, "s3": running.s3})
    ec2 = boto3.client(
        "ec2",
        endpoint_url=running.ec2,
        region_name="us-east-1",
        aws_access_key_id="AKIATEST000000000000",
        aws_secret_access_key="anything",
    )
    try:
        proxy.start()
        world.specs.mkdir()
        yield Rig(world, proxy, ec2)
    finally:
        for clients in world.services.values():
            clients.close()
        ec2.close()
        proxy.stop()
        control.stop(world.home.path)


def use(rig: Rig, tags: Tags) -> None:
    """Data at the start and at the end, and parts of zeros between."""
    (rig.world.specs / "stack.yaml").write_text(SPEC)
    rig.world.make_disk(size=40 * MIB, data=MIB)
    with rig.world.disk.open("r+b") as file:
        file.seek(40 * MIB - 3)
        file.write(b"end")
    rig.world.write_service("campus", tags=tags, bucket=SANDBOX_BUCKET, **rig.proxy.urls)
    rig.initialise()


def in_s3(rig: Rig) -> list[str]:
    s3 = rig.world.cloud.s3
    uploads = [one.key for one in s3.multipart_uploads(SANDBOX_BUCKET, "")]
    return uploads + [one.key for one in s3.list_objects(SANDBOX_BUCKET, "")]


def assert_stands(rig: Rig) -> None:
    now = rig.look()
    assert (len(now.images), len(now.snapshots)) == (1, 1)
    assert in_s3(rig) == []
    stored = rig.world.bytes_of(next(iter(now.snapshots)))
    with stored.open("rb") as one, rig.world.disk.open("rb") as other:
        assert one.read(40 * MIB) == other.read()
    assert rig.world.plan().is_empty


@pytest.mark.parametrize("way", ["before", "after"])
@pytest.mark.parametrize("tags", ["create", "after", "none"])
def test_killed_at_each_call_of_importing_apply_goes_on(rig: Rig, tags: Tags, way: Way) -> None:
    """All calls where things are tagged at birth; otherwise those that tags make a difference to."""
    use(rig, tags)

    def tidy() -> None:
        assert_stands(rig)
        rig.clear()

    first = first_call(rig, tags)
    fatal = rig.kill_everywhere(way, lambda _nth: None, tidy, first=first)

    tagging = set() if tags == "none" else {"CreateTags"}
    assert fatal | PARTS == IMPORTING | tagging | (UPLOADING if tags == "create" else PARTS)


def first_call(rig: Rig, tags: Tags) -> int:
    """The number of the call to begin with."""
    if tags == "create":
        return 1
    assert rig.shoot(MOST_CALLS, "before", destroy=False) is None
    assert set(rig.proxy.seen) >= PARTS
    rig.clear()
    return rig.proxy.seen.index("ImportSnapshot") + 1


def sweep(rig: Rig, home: Home | None = None) -> Result:
    home = home or rig.world.home
    return api.gc(api.load([rig.world.specs], home=home), home=home, options=replace(api.DEFAULTS))


@pytest.mark.parametrize("way", ["before", "after"])
@pytest.mark.parametrize("tags", ["create", "after", "none"])
def test_an_import_killed_at_any_call_leaves_nothing_after_gc(rig: Rig, tags: Tags, way: Way) -> None:
    """However it stands: the specs do not ask for it any more."""
    use(rig, tags)
    for nth in range(first_call(rig, tags), MOST_CALLS):
        (rig.world.specs / "stack.yaml").write_text(SPEC)
        call = rig.shoot(nth, way, destroy=False)
        if call is None:
            break
        (rig.world.specs / "stack.yaml").write_text(NOTHING)
        wait_for_imports(rig)
        result = sweep(rig)
        assert result.ok, (nth, call, [one.message for one in result.outcomes])
        assert in_s3(rig) == [], (nth, call)
        assert rig.look().snapshots == frozenset() or rig.look().images, (nth, call)
        assert sweep(rig).plan.is_empty
        rig.clear()
    else:
        raise AssertionError("the command never ends")


def wait_for_imports(rig: Rig) -> None:
    deadline = time.monotonic() + 10
    while any(one.state == "active" for one in rig.world.cloud.imports.tasks()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_another_home_is_at_is_let_be(rig: Rig, tmp_path: Path) -> None:
    """Its upload may go on: only what is a day old is taken for left behind."""
    use(rig, "create")
    assert rig.shoot(4, "after", destroy=False) is not None
    before = in_s3(rig)
    assert before
    other = World(tmp_path, Home(tmp_path / "other"))
    other.write_service("campus", rig.world.home.path, bucket=SANDBOX_BUCKET)
    result = sweep(rig, other.home)
    assert result.plan.is_empty
    assert in_s3(rig) == before
