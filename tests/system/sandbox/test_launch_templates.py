"""Launch templates on the sandbox. What AWS does: EC2 API reference, CreateLaunchTemplate,
CreateLaunchTemplateVersion, DeleteLaunchTemplateVersions, RunInstances; User Guide, "Tag restrictions"."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

Describe = Callable[[str], dict[str, Any]]


def refused(code: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\)")


def tagged(kind: str, **tags: str) -> Any:
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


@pytest.fixture
def data(make_image: Callable[..., str]) -> Any:
    machine = tagged("instance", made="template")
    return {"ImageId": make_image(), "InstanceType": "t3.small", "TagSpecifications": machine}


@pytest.fixture
def template(ec2: EC2Client, data: Any) -> Iterator[str]:
    """A launch template with one version."""
    tags = tagged("launch-template", team="physics")
    made = ec2.create_launch_template(
        LaunchTemplateName=f"pool-{uuid4().hex}", LaunchTemplateData=data, TagSpecifications=tags
    )["LaunchTemplate"]
    yield made["LaunchTemplateId"]
    ec2.delete_launch_template(LaunchTemplateId=made["LaunchTemplateId"])


def tags_of(ec2: EC2Client, template: str) -> Any:
    (found,) = ec2.describe_launch_templates(LaunchTemplateIds=[template])["LaunchTemplates"]
    return {tag["Key"]: tag["Value"] for tag in found["Tags"]}


def test_a_templates_own_tags_are_no_part_of_its_data_and_can_be_changed(
    ec2: EC2Client, template: str, data: Any
) -> None:
    (version,) = ec2.describe_launch_template_versions(LaunchTemplateId=template)["LaunchTemplateVersions"]
    assert version["LaunchTemplateData"] == data
    assert tags_of(ec2, template) == {"team": "physics"}
    ec2.create_tags(Resources=[template], Tags=[{"Key": "team", "Value": "chemistry"}])
    assert tags_of(ec2, template) == {"team": "chemistry"}


def test_machines_are_launched_by_a_template_under_what_the_call_says(
    ec2: EC2Client, template: str, data: Any, run: Callable[..., list[str]], instance_of: Describe
) -> None:
    (machine,) = run(ImageId=data["ImageId"], LaunchTemplate={"LaunchTemplateId": template})
    found = instance_of(machine)
    assert (found["ImageId"], found["InstanceType"]) == (data["ImageId"], "t3.micro")
    assert {tag["Key"]: tag["Value"] for tag in found["Tags"]} == {
        "made": "template",
        "aws:ec2launchtemplate:id": template,
        "aws:ec2launchtemplate:version": "1",
    }
    ec2.terminate_instances(InstanceIds=[machine])


def test_a_machine_gets_its_templates_user_data(ec2: EC2Client, data: Any) -> None:
    encoded = base64.b64encode(b"hello").decode()
    name = f"pool-{uuid4().hex}"
    more: Any = {**data, "UserData": encoded}
    ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=more)
    (version,) = ec2.describe_launch_template_versions(LaunchTemplateName=name)["LaunchTemplateVersions"]
    assert version["LaunchTemplateData"]["UserData"] == encoded
    named: Any = {"LaunchTemplateName": name, "Version": "$Latest"}
    (machine,) = ec2.run_instances(LaunchTemplate=named, MinCount=1, MaxCount=1)["Instances"]
    found = ec2.describe_instance_attribute(InstanceId=machine["InstanceId"], Attribute="userData")
    assert found["UserData"] == {"Value": encoded}
    ec2.terminate_instances(InstanceIds=[machine["InstanceId"]])
    ec2.delete_launch_template(LaunchTemplateName=name)


def test_a_version_takes_over_what_it_does_not_say_from_another(
    ec2: EC2Client, template: str, data: Any
) -> None:
    made = ec2.create_launch_template_version(
        LaunchTemplateId=template, SourceVersion="1", LaunchTemplateData={"InstanceType": "t3.large"}
    )["LaunchTemplateVersion"]
    assert made["LaunchTemplateData"] == {**data, "InstanceType": "t3.large"}
    assert (made["VersionNumber"], made["DefaultVersion"]) == (2, False)


def test_versions_keep_their_numbers_when_others_are_deleted(
    ec2: EC2Client, template: str, data: Any
) -> None:
    for _ in range(2):
        ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=data)
    ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion="2")
    done = ec2.delete_launch_template_versions(LaunchTemplateId=template, Versions=["1", "2", "9"])
    gone = [one["VersionNumber"] for one in done["SuccessfullyDeletedLaunchTemplateVersions"]]
    kept = [one["VersionNumber"] for one in done["UnsuccessfullyDeletedLaunchTemplateVersions"]]
    assert (gone, kept) == ([1], [2, 9])
    ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=data)
    found = ec2.describe_launch_template_versions(LaunchTemplateId=template)["LaunchTemplateVersions"]
    assert [one["VersionNumber"] for one in found] == [2, 3, 4]
    with refused("InvalidLaunchTemplateId.VersionNotFound"):
        ec2.describe_launch_template_versions(LaunchTemplateId=template, Versions=["0"])


def test_names_and_ids_are_checked(ec2: EC2Client, template: str, data: Any) -> None:
    (found,) = ec2.describe_launch_templates(LaunchTemplateIds=[template])["LaunchTemplates"]
    with refused("InvalidLaunchTemplateName.AlreadyExistsException"):
        ec2.create_launch_template(LaunchTemplateName=found["LaunchTemplateName"], LaunchTemplateData=data)
    with refused("InvalidLaunchTemplateName.MalformedException"):
        ec2.create_launch_template(LaunchTemplateName="a b", LaunchTemplateData=data)
    with refused("InvalidLaunchTemplateId.NotFound"):
        ec2.describe_launch_templates(LaunchTemplateIds=["lt-12345678901234567"])


def test_tags_of_aws_itself_are_not_to_be_deleted(
    ec2: EC2Client, template: str, data: Any, run: Callable[..., list[str]], instance_of: Describe
) -> None:
    (machine,) = run(ImageId=data["ImageId"], LaunchTemplate={"LaunchTemplateId": template})
    ec2.delete_tags(Resources=[machine])
    assert {tag["Key"] for tag in instance_of(machine)["Tags"]} == {
        "aws:ec2launchtemplate:id",
        "aws:ec2launchtemplate:version",
    }
    with refused("InvalidParameterValue"):
        ec2.delete_tags(Resources=[machine], Tags=[{"Key": "aws:ec2launchtemplate:id"}])
    ec2.terminate_instances(InstanceIds=[machine])
