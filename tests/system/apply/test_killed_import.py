"""apply with `method: import`, killed at each of its changing calls and run again: one image, on one
snapshot, and nothing left in S3. And what nobody goes on with, `gc` removes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from extenci.catalog.home import Home
from extenci.model.service import SANDBOX_BUCKET
from tests.system.apply.killing_proxy import Way
from tests.system.apply.rig import MOST_CALLS, Rig, Tags, open_rig
from tests.system.apply.test_killed import ABILITIES, EACH
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
    with open_rig(tmp_path, "ec2", "ebs", "s3") as opened:
        yield opened


def use(rig: Rig, tags: Tags) -> None:
    """Data at the start and at the end, and parts of zeros between."""
    rig.write(SPEC)
    rig.world.make_disk(size=40 * MIB, data=MIB)
    with rig.world.disk.open("r+b") as file:
        file.seek(40 * MIB - 3)
        file.write(b"end")
    rig.world.write_service("campus", tags=tags, bucket=SANDBOX_BUCKET, abilities=ABILITIES, **rig.proxy.urls)
    rig.initialise()


def assert_stands(rig: Rig) -> None:
    now = rig.look()
    assert (len(now.images), len(now.snapshots)) == (1, 1)
    assert rig.in_s3() == []
    stored = rig.world.bytes_of(next(iter(now.snapshots)))
    with stored.open("rb") as one, rig.world.disk.open("rb") as other:
        assert one.read(40 * MIB) == other.read()
    assert rig.world.plan().is_empty


@pytest.mark.parametrize(("tags", "way"), EACH)
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


@pytest.mark.parametrize(("tags", "way"), [one for one in EACH if one[0] != "none"])
def test_an_import_killed_at_any_call_leaves_nothing_after_gc(rig: Rig, tags: Tags, way: Way) -> None:
    """However it stands: the specs do not ask for it any more. Uploads and tasks are found without tags."""
    use(rig, tags)

    def shoot(nth: int) -> str | None:
        rig.write(SPEC)
        return rig.shoot(nth, way, destroy=False)

    for nth, call in rig.shots(shoot, first=first_call(rig, tags)):
        if call is None:
            break
        rig.write(NOTHING)
        wait_for_imports(rig)
        result = rig.sweep()
        assert result.ok, (nth, call, [one.message for one in result.outcomes])
        assert rig.in_s3() == [], (nth, call)
        assert rig.look().snapshots == frozenset() or rig.look().images, (nth, call)
        assert rig.sweep().plan.is_empty
        rig.clear()


def wait_for_imports(rig: Rig) -> None:
    deadline = time.monotonic() + 10
    while any(one.state == "active" for one in rig.world.cloud.imports.tasks()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_another_home_is_at_is_let_be(rig: Rig, tmp_path: Path) -> None:
    """Its upload may go on: only what is days old is taken for left behind."""
    use(rig, "create")
    assert rig.shoot(4, "after", destroy=False) is not None
    before = rig.in_s3()
    assert before
    other = World(tmp_path, Home(tmp_path / "other"))
    other.write_service("campus", rig.world.home.path, bucket=SANDBOX_BUCKET, lock="none")
    result = rig.sweep(other.home)
    assert result.plan.is_empty
    assert rig.in_s3() == before
