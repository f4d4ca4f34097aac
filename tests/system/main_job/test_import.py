"""`method: import` from the specs to the sandbox and back."""

from __future__ import annotations

from extenci.model.action import Action
from extenci.model.service import SANDBOX_BUCKET
from tests.system.main_job.conftest import MIB, World

SPEC = """\
service: sandbox
images:
  worker:
    source: disks/worker.raw
    method: import
    size: 3
    keep: 0
instances:
  pool:
    image: worker
    type: t3.micro
    count: 1
"""


def test_a_disk_is_imported_launched_changed_and_destroyed(world: World) -> None:
    world.specs.mkdir()
    (world.specs / "stack.yaml").write_text(SPEC)
    world.make_disk(size=2 << 30, data=20 * MIB)
    assert [change.action for change in world.plan().changes] == [Action.STAGE, Action.LAUNCH]

    first = world.apply()
    assert first.ok, [one.message for one in first.outcomes]
    (image,) = world.cloud.ec2.images()
    (snapshot,) = world.cloud.ec2.snapshots("default")
    assert (image.gib, image.snapshots) == (3, (snapshot.id,))
    with world.bytes_of(snapshot.id).open("rb") as one, world.disk.open("rb") as other:
        assert one.read(40 * MIB) == other.read(40 * MIB)
        one.seek(1 << 30)
        assert one.read(3) == b"one"
    assert world.plan().is_empty
    assert world.apply().outcomes == ()

    world.change_byte(b"two")
    assert world.apply().ok
    (newer,) = world.cloud.ec2.snapshots("default")
    assert newer.id != snapshot.id

    assert world.apply(destroy=True).ok
    assert (world.cloud.ec2.images(), world.cloud.ec2.snapshots("default")) == ((), ())
    assert world.running() == set()
    assert list(world.cloud.s3.list_objects(SANDBOX_BUCKET, "")) == []
    assert world.cloud.s3.multipart_uploads(SANDBOX_BUCKET, "") == ()
    calls = [one["action"] for one in world.calls() if one["changes"]]
    assert calls.count("ImportSnapshot") == 2
    assert "StartSnapshot" not in calls


def test_a_disk_that_was_imported_is_not_uploaded_for_other_settings(world: World) -> None:
    world.specs.mkdir()
    (world.specs / "stack.yaml").write_text(SPEC)
    world.make_disk()
    assert world.apply().ok
    (world.specs / "stack.yaml").write_text(SPEC.replace("size: 3", "size: 4"))
    (change, *_) = world.plan().changes
    assert change.action is Action.REGISTER
    assert world.apply().ok
    assert [one.gib for one in world.cloud.ec2.images()] == [4]
    assert len(world.cloud.ec2.snapshots("default")) == 1
