"""Machines on the sandbox. What AWS does: EC2 API reference, RunInstances, DescribeInstances,
TerminateInstances, "Error codes"; Developer Guide, "Ensuring idempotency"; User Guide, "Instance
lifecycle"."""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

    Until = Callable[[Callable[[], object]], None]
    Run = Callable[..., list[str]]
    InstanceOf = Callable[[str], dict[str, Any]]


def refused(code: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\)")


def tagged(kind: str, **tags: str) -> list[dict[str, Any]]:
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    return [{"ResourceType": kind, "Tags": pairs}]


def ids_of(page: Any) -> list[str]:
    return [one["InstanceId"] for found in page["Reservations"] for one in found["Instances"]]


def test_a_machine_is_pending_before_it_runs(run: Run, instance_of: InstanceOf, until: Until) -> None:
    """moto knows no `pending`: clients that do not wait would pass there and fail on AWS."""
    (machine,) = run()
    assert instance_of(machine)["State"] == {"Code": 0, "Name": "pending"}
    until(lambda: instance_of(machine)["State"] == {"Code": 16, "Name": "running"})
    assert "StateReason" not in instance_of(machine)


def test_a_machine_is_described_as_it_was_asked_for(
    ec2: EC2Client, run: Run, instance_of: InstanceOf, image: str
) -> None:
    ec2.create_key_pair(KeyName="mine")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = ec2.create_security_group(GroupName="ssh", Description="-", VpcId=vpc)["GroupId"]
    zone = {"Name": "availability-zone", "Values": ["us-east-1b"]}
    subnet = ec2.describe_subnets(Filters=[zone])["Subnets"][0]["SubnetId"]  # type: ignore[list-item]
    (machine,) = run(
        InstanceType="m5.large",
        KeyName="mine",
        SecurityGroupIds=[group],
        SubnetId=subnet,
        ClientToken="asked-for",
        IamInstanceProfile={"Name": "worker-role"},
        InstanceMarketOptions={"MarketType": "spot"},
        TagSpecifications=tagged("instance", Name="asked"),
    )
    found = instance_of(machine)
    assert found["ImageId"] == image
    assert found["InstanceType"] == "m5.large"
    assert found["KeyName"] == "mine"
    assert found["SecurityGroups"] == [{"GroupId": group, "GroupName": "ssh"}]
    assert (found["SubnetId"], found["VpcId"]) == (subnet, vpc)
    assert found["Placement"]["AvailabilityZone"] == "us-east-1b"
    assert found["ClientToken"] == "asked-for"
    assert found["InstanceLifecycle"] == "spot"
    assert found["IamInstanceProfile"]["Arn"].endswith(":instance-profile/worker-role")
    assert found["Tags"] == [{"Key": "Name", "Value": "asked"}]
    assert found["Architecture"] == "x86_64"
    assert found["RootDeviceName"] == "/dev/xvda"
    assert found["PrivateIpAddress"]
    assert found["PublicIpAddress"].startswith("198.18.")
    assert found["PublicDnsName"]


def test_a_machine_without_wishes_gets_the_default_group(run: Run, instance_of: InstanceOf) -> None:
    """RunInstances: "If you do not specify a security group ID, we use the default security group"."""
    (machine,) = run(KeyName="")
    found = instance_of(machine)
    assert [group["GroupName"] for group in found["SecurityGroups"]] == ["default"]
    assert "InstanceLifecycle" not in found
    assert "IamInstanceProfile" not in found


def test_the_root_volume_is_made_from_the_snapshot(
    ec2: EC2Client, run: Run, instance_of: InstanceOf, snapshot: str
) -> None:
    """moto gives every machine 8 GiB of nothing. AWS: the image's mapping, changed by the request's."""

    def volume_of(machine: str) -> dict[str, Any]:
        (device,) = instance_of(machine)["BlockDeviceMappings"]
        assert device["DeviceName"] == "/dev/xvda"
        assert device["Ebs"]["DeleteOnTermination"] is True
        return dict(ec2.describe_volumes(VolumeIds=[device["Ebs"]["VolumeId"]])["Volumes"][0])

    (plain,) = run()
    volume = volume_of(plain)
    assert (volume["Size"], volume["VolumeType"], volume["SnapshotId"]) == (2, "gp2", snapshot)
    bigger = {"VolumeSize": 32, "VolumeType": "gp3", "Encrypted": True}
    (changed,) = run(
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": bigger}],
        TagSpecifications=tagged("volume", Name="root"),
    )
    volume = volume_of(changed)
    assert (volume["Size"], volume["VolumeType"], volume["SnapshotId"]) == (32, "gp3", snapshot)
    assert volume["Encrypted"] is True
    assert volume["Tags"] == [{"Key": "Name", "Value": "root"}]


def test_the_same_token_launches_once(ec2: EC2Client, run: Run, until: Until) -> None:
    """The same token and parameters: the same machines, even when they are dead by now."""
    token = uuid4().hex
    asked = {"ClientToken": token, "MaxCount": 2, "TagSpecifications": tagged("instance", a="b")}
    first = run(**asked)
    assert len(first) == 2
    assert run(**asked) == first
    ec2.terminate_instances(InstanceIds=first)
    only = [{"Name": "client-token", "Values": [token]}]

    def states() -> set[str]:
        found = ec2.describe_instances(Filters=only)["Reservations"]  # type: ignore[arg-type]
        return {one["State"]["Name"] for each in found for one in each["Instances"]}

    until(lambda: states() == {"terminated"})
    assert run(**asked) == first
    assert states() == {"terminated"}


def test_a_token_cannot_be_used_for_something_else(run: Run) -> None:
    """IdempotentParameterMismatch."""
    token = uuid4().hex
    run(ClientToken=token)
    with refused("IdempotentParameterMismatch"):
        run(ClientToken=token, MaxCount=2)
    with refused("IdempotentParameterMismatch"):
        run(ClientToken=token, TagSpecifications=tagged("instance", a="b"))


def test_a_refused_launch_does_not_use_up_its_token(run: Run) -> None:
    token = uuid4().hex
    with refused("InvalidKeyPair.NotFound"):
        run(ClientToken=token, KeyName="nobody's")
    assert len(run(ClientToken=token)) == 1


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"ImageId": "ami-0123456789abcdef0"}, "InvalidAMIID.NotFound"),
        ({"ImageId": "worker"}, "InvalidAMIID.Malformed"),
        ({"KeyName": "nobody's"}, "InvalidKeyPair.NotFound"),
        ({"SecurityGroups": ["nobody's"]}, "InvalidGroup.NotFound"),
        ({"SecurityGroupIds": ["sg-0123456789abcdef0"]}, "InvalidGroup.NotFound"),
        ({"SubnetId": "subnet-0123456789abcdef0"}, "InvalidSubnetID.NotFound"),
        ({"InstanceType": "m5.tiny"}, "InvalidParameterValue"),
        ({"InstanceType": "m6g.large"}, "InvalidParameterValue"),
        ({"Placement": {"AvailabilityZone": "mars-1a"}}, "InvalidParameterValue"),
        ({"MinCount": 0}, "InvalidParameterValue"),
        ({"MinCount": 3, "MaxCount": 2}, "InvalidParameterValue"),
        ({"MinCount": "some"}, "InvalidParameterValue"),
        ({"UserData": "x" * 16385}, "InvalidParameterValue"),
        ({"ClientToken": "t" * 65}, "InvalidParameterValue"),
        (
            {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 1}}]},
            "InvalidBlockDeviceMapping",
        ),
        ({"TagSpecifications": tagged("image", a="b")}, "InvalidParameterValue"),
        ({"TagSpecifications": tagged("instance", **{"aws:a": "b"})}, "InvalidParameterValue"),
        ({"DryRun": True}, "DryRunOperation"),
    ],
)
def test_what_aws_refuses_to_launch_is_refused(
    ec2: EC2Client, run: Run, asked: dict[str, Any], code: str
) -> None:
    """The codes of "Error codes for the Amazon EC2 API". And nothing was launched."""
    before = set(ids_of(ec2.describe_instances()))
    with refused(code):
        run(**asked)
    assert set(ids_of(ec2.describe_instances())) <= before


def test_user_data_may_have_16_kib(ec2: EC2Client, run: Run) -> None:
    """RunInstances: "User data is limited to 16 KB", before it is base64-encoded."""
    (machine,) = run(UserData="x" * 16384)
    found = ec2.describe_instance_attribute(InstanceId=machine, Attribute="userData")["UserData"]
    assert base64.b64decode(found["Value"]) == b"x" * 16384


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"VirtualizationType": None}, "InvalidParameterCombination"),
        ({"EnaSupport": None}, "InvalidParameterCombination"),
        ({"Architecture": "arm64"}, "InvalidParameterValue"),
    ],
)
def test_an_image_that_the_type_cannot_run_is_refused(
    make_image: Callable[..., str], run: Run, changed: dict[str, Any], code: str
) -> None:
    """An image registered with AWS's old defaults (paravirtual, no ENA) cannot be launched as t3."""
    with refused(code):
        run(ImageId=make_image(**changed))


def test_machines_are_not_paged_unless_asked(ec2: EC2Client, run: Run) -> None:
    """moto pages at 100, and HTCondor, which does not follow pages, loses the other machines."""
    machines = run(MaxCount=120, TagSpecifications=tagged("instance", many="yes"))
    answer = ec2.describe_instances()
    assert set(machines) <= set(ids_of(answer))
    assert not answer.get("NextToken")
    ec2.terminate_instances(InstanceIds=machines)


def test_machines_are_paged_when_asked(ec2: EC2Client, run: Run) -> None:
    """MaxResults counts machines; a reservation may go over several pages."""
    machines = run(MaxCount=7, TagSpecifications=tagged("instance", paged="yes"))
    machines += run(MaxCount=4, TagSpecifications=tagged("instance", paged="yes"))
    only: Any = [{"Name": "tag:paged", "Values": ["yes"]}]
    first = ec2.describe_instances(Filters=only, MaxResults=5)
    second = ec2.describe_instances(Filters=only, MaxResults=5, NextToken=first["NextToken"])
    third = ec2.describe_instances(Filters=only, MaxResults=5, NextToken=second["NextToken"])
    assert [len(ids_of(page)) for page in (first, second, third)] == [5, 5, 1]
    assert ids_of(first) + ids_of(second) + ids_of(third) == machines
    assert not third.get("NextToken")


def test_wrong_pages_are_refused(ec2: EC2Client, run: Run) -> None:
    with refused("InvalidParameterValue"):
        ec2.describe_instances(MaxResults=4)
    with refused("InvalidParameterCombination"):
        ec2.describe_instances(MaxResults=5, InstanceIds=run())
    with refused("InvalidPaginationToken"):
        ec2.describe_instances(MaxResults=5, NextToken="next, please")


def test_machines_are_found_by_filters(ec2: EC2Client, run: Run, image: str) -> None:
    token = uuid4().hex
    (machine,) = run(ClientToken=token, TagSpecifications=tagged("instance", find="me", why="because"))

    def found(**filters: str) -> list[str]:
        asked: Any = [{"Name": name, "Values": [value]} for name, value in filters.items()]
        return ids_of(ec2.describe_instances(Filters=asked))

    assert found(**{"client-token": token}) == [machine]
    assert found(**{"tag:find": "me"}) == [machine]
    assert found(**{"tag:find": "m*", "tag:why": "because"}) == [machine]
    assert found(**{"tag:find": "me", "tag:why": "chance"}) == []
    assert found(**{"tag-key": "find", "image-id": image}) == [machine]
    assert found(**{"tag:find": "me", "instance-state-name": "terminated"}) == []
    assert found(**{"tag:find": "me", "instance-type": "t3.?icro"}) == [machine]
    with refused("InvalidParameterValue"):
        found(colour="green")


def test_a_terminated_machine_is_shutting_down_first_and_stays_to_be_seen(
    ec2: EC2Client, run: Run, instance_of: InstanceOf, until: Until
) -> None:
    """ "Terminated instances remain visible after termination (for approximately one hour)"."""
    (machine,) = run()
    ended = ec2.terminate_instances(InstanceIds=[machine])["TerminatingInstances"][0]
    assert ended["CurrentState"]["Name"] == "shutting-down"
    assert instance_of(machine)["State"]["Name"] in ("shutting-down", "terminated")
    until(lambda: instance_of(machine)["State"] == {"Code": 48, "Name": "terminated"})
    found = instance_of(machine)
    assert found["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    assert "PublicIpAddress" not in found
    assert "PrivateIpAddress" not in found
    again = ec2.terminate_instances(InstanceIds=[machine])["TerminatingInstances"][0]
    assert again["PreviousState"]["Name"] == again["CurrentState"]["Name"] == "terminated"


def test_terminating_takes_the_root_volume_and_the_network_interface_along(
    ec2: EC2Client, run: Run, instance_of: InstanceOf
) -> None:
    """DeleteOnTermination is true for the root volume and the primary interface; moto leaks the interface."""
    (machine,) = run()
    found = instance_of(machine)
    volume = found["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    interface = found["NetworkInterfaces"][0]["NetworkInterfaceId"]
    ec2.terminate_instances(InstanceIds=[machine])
    with refused("InvalidVolume.NotFound"):
        ec2.describe_volumes(VolumeIds=[volume])
    with refused("InvalidNetworkInterfaceID.NotFound"):
        ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])


def test_ending_an_unknown_machine_ends_none(ec2: EC2Client, run: Run, instance_of: InstanceOf) -> None:
    """TerminateInstances: "If you specify … an invalid instance, no instances are terminated"."""
    (machine,) = run()
    with refused("InvalidInstanceID.NotFound"):
        ec2.terminate_instances(InstanceIds=[machine, "i-0123456789abcdef0"])
    assert instance_of(machine)["State"]["Name"] in ("pending", "running")


def test_a_protected_machine_is_not_terminated(ec2: EC2Client, run: Run) -> None:
    """DisableApiTermination, which moto's RunInstances drops."""
    (machine,) = run(DisableApiTermination=True)
    with refused("OperationNotPermitted"):
        ec2.terminate_instances(InstanceIds=[machine])


def test_the_console_says_that_the_machine_is_simulated(ec2: EC2Client, run: Run, image: str) -> None:
    """moto shows the boot of some Linux of 2006 for every machine."""
    (machine,) = run()
    text = ec2.get_console_output(InstanceId=machine)["Output"]
    assert "simulated" in text
    assert machine in text
    assert image in text
    assert "Linux" not in text
    with refused("InvalidInstanceID.NotFound"):
        ec2.get_console_output(InstanceId="i-0123456789abcdef0")


def test_the_same_token_at_the_same_time_launches_once(run: Run) -> None:
    token = uuid4().hex
    with ThreadPoolExecutor(8) as pool:
        launched = list(pool.map(lambda _: run(ClientToken=token, MaxCount=3), range(8)))
    assert len({machine for machines in launched for machine in machines}) == 3


def test_a_spot_request_is_fulfilled_by_a_spot_machine(
    ec2: EC2Client, image: str, instance_of: InstanceOf
) -> None:
    """RequestSpotInstances, which HTCondor uses; moto launches whatever image it names."""
    asked: Any = {
        "SpotPrice": "0.05",
        "ClientToken": uuid4().hex,
        "LaunchSpecification": {
            "ImageId": image,
            "InstanceType": "t3.micro",
            "Placement": {"AvailabilityZone": "us-east-1c"},
        },
    }
    (request,) = ec2.request_spot_instances(**asked)["SpotInstanceRequests"]
    found = instance_of(request["InstanceId"])
    assert found["InstanceLifecycle"] == "spot"
    assert found["SpotInstanceRequestId"] == request["SpotInstanceRequestId"]
    assert found["Placement"]["AvailabilityZone"] == "us-east-1c"
    (again,) = ec2.request_spot_instances(**asked)["SpotInstanceRequests"]
    assert again["SpotInstanceRequestId"] == request["SpotInstanceRequestId"]
    ids = [request["SpotInstanceRequestId"]]
    described = ec2.describe_spot_instance_requests(SpotInstanceRequestIds=ids)["SpotInstanceRequests"]
    assert described[0]["State"] == "active"
    with refused("InvalidAMIID.NotFound"):
        ec2.request_spot_instances(LaunchSpecification={"ImageId": "ami-0123456789abcdef0"})
