"""`method: bundle` from specs to machines and back, on a real sandbox."""

from __future__ import annotations

import filecmp

from extenci.model.service import SANDBOX_BUCKET
from tests.system.main_job.conftest import MIB, World

SPEC = """\
service: {service}
images:
  worker:
    source: disks/worker.raw
    method: bundle
    keep: 0
  same:
    source: disks/worker.raw
    method: bundle
    keep: 0
instances:
  pool:
    image: worker
    type: t3.micro
    count: 2
"""


def write(world: World, service: str = "sandbox") -> None:
    world.specs.mkdir(exist_ok=True)
    (world.specs / "stack.yaml").write_text(SPEC.format(service=service))


def in_s3(world: World) -> list[str]:
    return [one.key for one in world.cloud.s3.list_objects(SANDBOX_BUCKET, "")]


def actions(plan: object) -> list[str]:
    return [change.id.split(" ami-")[0] for change in plan.changes]  # type: ignore[attr-defined]


def test_bundles_are_staged_launched_from_and_removed(world: World) -> None:
    write(world)
    world.make_disk(data=23 * MIB)
    assert actions(world.plan()) == ["stage sandbox/same", "stage sandbox/worker", "launch sandbox/pool"]

    assert world.apply().ok

    assert world.plan().is_empty
    images = {image.name.split("-")[0]: image for image in world.cloud.ec2.images()}
    assert filecmp.cmp(world.bytes_of(images["worker"].id), world.disk, shallow=False)
    assert {one.image for one in world.cloud.ec2.machines("default")} == {images["worker"].id}
    assert not images["worker"].snapshots
    keys = in_s3(world)
    for image in images.values():
        prefix = str(image.manifest).removeprefix(f"{SANDBOX_BUCKET}/").removesuffix(".manifest.xml")
        assert [key for key in keys if key.startswith(prefix)] == [
            f"{prefix}.manifest.xml",
            *(f"{prefix}.part.{index:02}" for index in range((len(keys) - 2) // 2)),
        ]

    assert world.apply(destroy=True).ok

    assert in_s3(world) == []
    assert world.cloud.ec2.images() == ()
    assert not world.bytes_of(images["worker"].id).exists()


def test_new_content_replaces_the_bundle(world: World) -> None:
    write(world)
    world.make_disk()
    world.apply()
    before = in_s3(world)
    world.change_byte(b"two")

    assert world.apply().ok

    assert world.plan().is_empty
    assert len(in_s3(world)) == len(before)
    assert not set(before) & set(in_s3(world))
    (image,) = (one for one in world.cloud.ec2.images() if one.name.startswith("worker"))
    assert filecmp.cmp(world.bytes_of(image.id), world.disk, shallow=False)
