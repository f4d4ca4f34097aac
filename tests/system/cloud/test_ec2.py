from __future__ import annotations

import base64
import time
from collections.abc import Callable
from uuid import uuid4

import pytest

from extenci.cloud.aws.requests.parameters import LaunchRequest
from extenci.cloud.clients import Clients
from extenci.model.desired import LaunchSettings, RootVolume
from extenci.model.errors import InUse, NotFound, ServiceError
from extenci.model.observed import ImageState, Machine, MachineState, SnapshotState
from extenci.model.ownership import Marks

MARKS = Marks("st", "campus", "worker", digest="d" * 64, version="v")


def launch(clients: Clients, image: str, count: int = 1, **settings: object) -> tuple[str, ...]:
    asked = LaunchSettings("t3.micro", **settings)  # type: ignore[arg-type]
    return clients.unjournalled.ec2.run_instances(
        LaunchRequest(image, asked, count, uuid4().hex, minimum=count)
    )


def only(clients: Clients, machine: str) -> Machine:
    return clients.ec2.machines_by_id([machine])[0]


def test_a_registered_image_comes_back_as_it_was_asked(
    clients: Clients, make_image: Callable[..., str], make_snapshot: Callable[..., str]
) -> None:
    snapshot, name = make_snapshot(), f"image-{uuid4().hex}"
    image = make_image(MARKS.to_tags({"team": "physics"}), snapshot, name)
    found = next(one for one in clients.ec2.images() if one.id == image)
    assert (found.name, found.state, found.snapshots) == (name, ImageState.AVAILABLE, (snapshot,))
    assert (found.architecture, found.boot_mode, found.gib) == ("x86_64", "uefi-preferred", 2)
    assert found.marks == Marks("st", "campus", "worker", digest="d" * 64, version="v", tag_keys=("team",))
    assert found.tags["team"] == "physics"
    assert clients.ec2.images_by_name(name) == (found,)
    assert clients.ec2.root_device(image) == "/dev/xvda"


def test_a_name_is_looked_up_literally(clients: Clients, make_image: Callable[..., str]) -> None:
    make_image(name=f"worker-{uuid4().hex}")
    assert clients.ec2.images_by_name("worker-*") == ()


def test_the_same_name_twice_is_a_duplicate(clients: Clients, make_image: Callable[..., str]) -> None:
    name = f"image-{uuid4().hex}"
    make_image(name=name)
    with pytest.raises(ServiceError) as caught:
        make_image(name=name)
    assert caught.value.code == "InvalidAMIName.Duplicate"


def test_an_image_is_deregistered_once(clients: Clients, make_image: Callable[..., str]) -> None:
    image = make_image()
    clients.unjournalled.ec2.deregister_image(image)
    with pytest.raises(NotFound):
        clients.unjournalled.ec2.deregister_image(image)
    with pytest.raises(NotFound):
        clients.ec2.root_device(image)


def test_a_snapshot_in_use_stays(
    clients: Clients, make_image: Callable[..., str], make_snapshot: Callable[..., str]
) -> None:
    snapshot = make_snapshot()
    image = make_image(snapshot=snapshot)
    with pytest.raises(InUse):
        clients.unjournalled.ec2.delete_snapshot(snapshot)
    clients.unjournalled.ec2.deregister_image(image)
    clients.unjournalled.ec2.delete_snapshot(snapshot)
    with pytest.raises(NotFound):
        clients.unjournalled.ec2.delete_snapshot(snapshot)


def test_snapshots_are_found_by_stack_and_by_id(clients: Clients, make_snapshot: Callable[..., str]) -> None:
    stack = uuid4().hex
    ours, other = make_snapshot(Marks(stack, "campus", "worker").to_tags()), make_snapshot()
    (found,) = clients.ec2.snapshots(stack)
    assert (found.id, found.gib, found.marks) == (ours, 1, Marks(stack, "campus", "worker"))
    assert found.state in (SnapshotState.PENDING, SnapshotState.COMPLETED)
    by_id = clients.ec2.snapshots_by_id([ours, "snap-00000000000000000", other])
    assert {one.id for one in by_id} == {ours, other}
    assert clients.ec2.snapshots_by_id([]) == ()


def test_machines_carry_their_tags_from_birth_and_are_found_by_stack_id_and_token(
    clients: Clients, image: str
) -> None:
    stack, token = uuid4().hex, uuid4().hex
    marks = Marks(stack, "campus", "pool", settings="1:x")
    request = LaunchRequest(image, LaunchSettings("t3.micro"), 3, token, marks.to_tags(), minimum=3)
    ids = clients.unjournalled.ec2.run_instances(request)
    found = clients.ec2.machines(stack)
    assert {one.id for one in found} == set(ids)
    assert len(ids) == 3
    assert all(one.marks == marks and one.token == token and one.image == image for one in found)
    by_token = clients.ec2.machines_by_token([token, "no-such-token"])
    assert {one.id for one in by_token} == set(ids)
    assert {one.id for one in clients.ec2.machines_by_id([*ids, "i-00000000000000000"])} == set(ids)
    assert clients.unjournalled.ec2.run_instances(request) == ids


def test_a_machine_runs_has_an_address_and_ends(clients: Clients, image: str) -> None:
    (machine,) = launch(clients, image)
    deadline = time.monotonic() + 10
    while (found := only(clients, machine)).state is MachineState.PENDING:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert found.state is MachineState.RUNNING
    assert found.host
    assert abs(found.launched - time.time()) < 60
    assert isinstance(clients.ec2.console_output(machine), str)
    clients.unjournalled.ec2.terminate([machine])
    clients.unjournalled.ec2.terminate([machine])
    assert only(clients, machine).state.is_gone


def test_launch_settings_come_back(clients: Clients, image: str) -> None:
    (machine,) = launch(
        clients,
        image,
        security_groups=("default",),
        availability_zone="us-east-1b",
        instance_profile="worker-role",
        spot_price="0.05",
        root_volume=RootVolume(gib=5),
        user_data=base64.b64encode(b"#cloud-config\n\xff").decode(),
    )
    found = only(clients, machine)
    assert "default" in found.groups
    assert found.availability_zone == "us-east-1b"
    assert found.instance_profile is not None
    assert found.instance_profile.endswith("instance-profile/worker-role")
    assert found.spot
    ec2 = clients.ec2._session.client("ec2")
    attribute = ec2.describe_instance_attribute(InstanceId=machine, Attribute="userData")
    assert base64.b64decode(attribute["UserData"]["Value"]) == b"#cloud-config\n\xff"


def test_an_image_that_does_not_exist_cannot_be_launched(clients: Clients) -> None:
    with pytest.raises(NotFound) as caught:
        launch(clients, "ami-00000000000000000")
    assert caught.value.code == "InvalidAMIID.NotFound"


def test_tags_are_put_and_taken_off_whatever_their_values(clients: Clients, image: str) -> None:
    machines = launch(clients, image, 2)
    clients.unjournalled.ec2.create_tags(machines, {"a": "1", "b": ""})
    clients.unjournalled.ec2.create_tags(machines, {"a": "2"})
    clients.unjournalled.ec2.create_tags(machines, {})
    assert [only(clients, one).tags for one in machines] == [{"a": "2", "b": ""}] * 2
    clients.unjournalled.ec2.delete_tags(machines, [])
    clients.unjournalled.ec2.delete_tags(machines, ["a", "b", "c"])
    assert [only(clients, one).tags for one in machines] == [{}] * 2


def test_more_ids_than_a_filter_takes_are_asked_in_batches(clients: Clients, image: str) -> None:
    (machine,) = launch(clients, image)
    absent = [f"i-{number:017x}" for number in range(450)]
    assert [one.id for one in clients.ec2.machines_by_id([*absent, machine])] == [machine]
