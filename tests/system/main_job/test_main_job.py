"""specs → plan → apply → status → destroy on a real sandbox, through the Python API."""

from __future__ import annotations

import filecmp
from dataclasses import replace

import pytest

from extenci import api
from extenci.catalog.records import Catalog
from extenci.cloud.aws.requests.parameters import LaunchRequest, RegisterRequest
from extenci.cloud.clients import Clients
from extenci.model.action import Action
from extenci.model.address import Address
from extenci.model.desired import LaunchSettings
from extenci.model.errors import CatalogError, Declined, PlanRefused
from extenci.model.version import Architecture, Method, Registration
from tests.system.main_job.conftest import MIB, World

POOL, WORKER = Address("sandbox", "pool"), Address("sandbox", "worker")

OF_LEASES = {"ImportKeyPair", "CreateTags", "DeleteKeyPair"}
"""Changing calls of leases, which every command takes first."""


def actions(plan: object) -> list[str]:
    return [change.id.split(" ami-")[0] for change in plan.changes]  # type: ignore[attr-defined]


def test_two_gib_with_200_mib_of_data_are_staged_byte_for_byte_and_run(world: World) -> None:
    world.write()
    world.make_disk(size=2 << 30, data=200 * MIB)
    assert actions(world.plan()) == ["stage sandbox/worker", "launch sandbox/pool"]

    result = world.apply()

    assert result.ok
    assert world.plan().is_empty
    (image,) = world.cloud.ec2.images()
    assert filecmp.cmp(world.bytes_of(image.snapshots[0]), world.disk, shallow=False)
    assert len(world.running()) == 3
    assert {one.image for one in world.cloud.ec2.machines("default")} == {image.id}


def test_a_changed_byte_replaces_the_machines_and_unstages_the_old_version(world: World) -> None:
    world.write()
    world.make_disk()
    world.apply()
    before, (old,) = world.running(), world.cloud.ec2.images()
    world.change_byte(b"two")
    lowest: list[int] = []

    result = world.apply(listener=lambda _event: lowest.append(len(world.running())))

    assert result.ok
    assert min(lowest) >= 3 - 1
    assert not before & world.running()
    (new,) = world.cloud.ec2.images()
    assert new.id != old.id
    assert [one.id for one in world.cloud.ec2.snapshots("default")] == list(new.snapshots)
    assert world.plan().is_empty


def test_going_back_to_a_kept_version_uploads_nothing(world: World) -> None:
    world.write(keep=1)
    world.make_disk()
    world.apply()
    world.change_byte(b"two")
    world.apply()
    assert len(world.cloud.ec2.images()) == 2
    world.change_byte(b"one")
    puts = sum(call["action"] == "PutSnapshotBlock" for call in world.calls())

    assert actions(world.plan()) == ["replace sandbox/pool"]
    assert world.apply().ok

    assert sum(call["action"] == "PutSnapshotBlock" for call in world.calls()) == puts
    assert len(world.cloud.ec2.images()) == 2
    assert world.plan().is_empty


def test_without_the_catalog_the_plan_is_the_same(world: World) -> None:
    world.write()
    world.make_disk()
    world.apply()
    world.home.database.unlink()

    assert world.plan().is_empty
    world.write(count=5)
    assert [(change.action, change.count) for change in world.plan().changes] == [(Action.LAUNCH, 2)]


def test_a_machine_terminated_behind_extencis_back_is_drift_and_launched_again(world: World) -> None:
    world.write()
    world.make_disk()
    world.apply()
    victim = min(world.running())
    world.cloud.unjournalled.ec2.terminate([victim])

    plan = world.plan()

    assert [(drift.address, drift.path) for drift in plan.drift] == [(POOL, f"machines.{victim}")]
    assert [(change.action, change.count) for change in plan.changes] == [(Action.LAUNCH, 1)]
    assert world.apply().ok
    assert len(world.running()) == 3
    assert world.plan().is_empty
    assert not world.plan().drift


def test_scaling_up_and_down_and_the_reasons_for_it(world: World) -> None:
    world.write(count=2)
    world.make_disk()
    world.apply()
    world.write(count=5)
    assert [change.reason for change in world.plan().changes] == ["count 2 → 5"]
    assert world.apply().ok
    assert len(world.running()) == 5
    world.write(count=1)
    assert [(change.action, change.count) for change in world.plan().changes] == [(Action.TERMINATE, 4)]
    assert world.apply().ok
    assert len(world.running()) == 1
    assert world.plan().is_empty


def make_foreign_things(cloud: Clients, snapshot: str) -> tuple[str, str]:
    """Someone else's image on our snapshot, and a machine of theirs."""
    registration = Registration(Architecture.X86_64, None, Method.EBS, 1)
    image = cloud.unjournalled.ec2.register_image(RegisterRequest("someone-elses", snapshot, registration))
    launch = LaunchRequest(image, LaunchSettings(type="t3.micro"), 1, "someone-elses-token")
    return image, cloud.unjournalled.ec2.run_instances(launch)[0]


def test_what_someone_else_made_is_never_touched_and_keeps_the_snapshot_it_uses(world: World) -> None:
    world.write()
    world.make_disk()
    world.apply()
    (ours,) = world.cloud.ec2.images()
    image, machine = make_foreign_things(world.cloud, ours.snapshots[0])
    assert world.plan().is_empty

    planned = api.plan(api.load([world.specs], home=world.home), home=world.home, destroy=True).plan
    assert image not in str(planned.changes)
    assert machine not in str(planned.changes)
    assert any(ours.snapshots[0] in warning for warning in planned.warnings)
    assert world.apply(destroy=True).ok

    assert [one.id for one in world.cloud.ec2.images()] == [image]
    assert [one.id for one in world.cloud.ec2.snapshots("default")] == list(ours.snapshots)
    assert [one.state.is_gone for one in world.cloud.ec2.machines_by_id([machine])] == [False]


def test_two_stacks_in_one_account_never_see_each_other(world: World) -> None:
    world.write()
    world.make_disk()
    world.apply()
    (world.specs / "extenci.yaml").write_text("stack: other\n")

    assert actions(world.plan()) == ["stage sandbox/worker", "launch sandbox/pool"]
    assert world.apply().ok
    assert world.apply(destroy=True).ok

    assert len(world.running("default")) == 3
    assert not world.running("other")
    assert len(world.cloud.ec2.images()) == 1


def test_planning_one_file_of_a_root_removes_nothing_of_the_others(world: World) -> None:
    world.write()
    world.make_disk()
    (world.specs / "extenci.yaml").write_text("stack: default\n")
    world.apply()
    other = world.specs / "other.yaml"
    other.write_text("service: sandbox\nimages:\n  extra: {source: disks/worker.raw}\n")
    (world.specs / "stack.yaml").write_text("service: sandbox\n")

    assert actions(world.plan(other)) == ["register sandbox/extra"]
    assert "terminate sandbox/pool" in actions(world.plan())


def test_plan_changes_nothing_and_works_with_credentials_that_only_read(world: World) -> None:
    world.write()
    world.make_disk()
    world.apply()
    world.change_byte(b"two")
    reader = world.folder / "reader"
    reader.write_text("AKIAREADONLY00000001\n")
    access, secret = reader, world.folder / "reader.secret"
    secret.write_text("only-for-reading\n")
    keys = f"{{access_key_file: {access}, secret_key_file: {secret}}}"
    world.write_service("campus", credentials=keys)
    before = len(world.calls())

    plan = world.plan()
    world.write(service="campus")
    desired = api.load([world.specs], home=world.home, service="campus")
    assert not api.plan(replace(desired, stack="another"), home=world.home).plan.is_empty

    assert actions(plan)[:2] == ["stage sandbox/worker", "replace sandbox/pool"]
    made = world.calls()[before:]
    assert made
    assert not [call for call in made if call["changes"]]
    assert not [call for call in made if int(str(call["status"])) >= 400]


def test_declined_or_past_a_limit_nothing_is_done(world: World) -> None:
    world.write()
    world.make_disk()
    with pytest.raises(Declined):
        world.apply(approve=lambda _plan: False)
    world.write_service("campus", limits="{instances: 2}")
    world.write(service="campus")
    with pytest.raises(PlanRefused):
        world.apply()
    assert not [call for call in world.calls() if call["changes"] and call["action"] not in OF_LEASES]
    assert world.apply(force=True).ok


@pytest.mark.parametrize("mode", ["after", "none"])
def test_services_that_tag_later_or_not_at_all_do_the_whole_job_too(world: World, mode: str) -> None:
    api.sandbox_service(world.home)
    world.write_service("campus", tags=mode)
    world.write(service="campus")
    world.make_disk()
    with Catalog.open(world.home) as catalog:
        catalog.initialise("campus")
    assert world.apply().ok
    assert world.plan().is_empty
    world.change_byte(b"two")
    assert world.apply().ok
    assert world.plan().is_empty
    assert len(world.cloud.ec2.images()) == 1
    assert world.apply(destroy=True).ok
    assert not world.cloud.ec2.images()
    everyone = {call["action"] for call in world.calls()}
    assert ("CreateTags" in everyone) == (mode == "after")


def test_where_nothing_is_tagged_apply_does_not_begin_without_records(world: World) -> None:
    api.sandbox_service(world.home)
    world.write_service("campus", tags="none")
    world.write(service="campus")
    world.make_disk()
    with pytest.raises(CatalogError, match="no tags") as refusal:
        world.apply()
    assert "extenci catalog init campus" in refusal.value.hint
    assert not [call for call in world.calls() if call["changes"] and call["action"] not in OF_LEASES]


def test_a_refused_launch_blocks_nothing_else_and_says_why(world: World) -> None:
    world.write()
    world.make_disk()
    spec = (world.specs / "stack.yaml").read_text()
    (world.specs / "stack.yaml").write_text(
        spec.replace("type: t3.micro", "type: t3.micro\n    key_name: nokey")
    )

    result = world.apply()

    assert not result.ok
    assert [outcome.status for outcome in result.outcomes] == ["done", "failed"]
    assert "nokey" in result.outcomes[1].message
    assert not world.running()
