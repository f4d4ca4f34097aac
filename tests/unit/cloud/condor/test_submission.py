"""A launch as HTCondor is told of it: whole submit descriptions, and what cannot be said."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extenci.cloud.aws.requests.parameters import LaunchRequest
from extenci.cloud.condor.submission import (
    JobRequest,
    attribute_of,
    describe_jobs,
    from_attribute,
    parameter_lines,
    quoted,
    to_attribute,
)
from extenci.model.desired import LaunchSettings, RootVolume
from extenci.model.errors import PlanError
from extenci.model.ownership import MARK_KEYS, Marks
from extenci.model.service import CondorAccess, KeyFiles, Profile, Service

SERVICE = Service(
    "campus",
    "us-east-1",
    ec2="http://ec2.campus.example:8773/services/compute",
    credentials=KeyFiles("/home/me/keys/campus.id", "/home/me/keys/campus.secret"),
)
MARKS = Marks("physics", "campus", "pool", settings="1:0123456789abcdef").to_tags()
PLAIN = JobRequest(
    "campus/pool",
    LaunchRequest("ami-1", LaunchSettings("t3.micro"), 3, "token-1"),
    MARKS,
    "1:fedcba9876543210",
)
SECRET = "pass" + "word"


def described(request: JobRequest = PLAIN, **settings: Any) -> str:
    """The description as `condor_submit` would read it."""
    launch = replace(request.launch, settings=replace(request.launch.settings, **settings))
    said = describe_jobs(replace(request, launch=launch), SERVICE)
    return "\n".join(f"{key} = {value}" for key, value in said.items())


def added(**settings: Any) -> str:
    """The lines that settings add to those of the plainest job."""
    plain = described().splitlines()
    return "\n".join(line for line in described(**settings).splitlines() if line not in plain)


def names_of(*names: str, of: str) -> str:
    return f"ec2_parameter_names = {', '.join(('Version', *(f'{of}.{name}' for name in names)))}"


def launching(**changed: Any) -> JobRequest:
    return replace(PLAIN, launch=replace(PLAIN.launch, **changed))


def test_the_plainest_job() -> None:
    assert described() == "\n".join(
        (
            "universe = grid",
            "grid_resource = ec2 http://ec2.campus.example:8773/services/compute/",
            "executable = campus/pool",
            "transfer_executable = false",
            "WantNameTag = false",
            "ec2_access_key_id = /home/me/keys/campus.id",
            "ec2_secret_access_key = /home/me/keys/campus.secret",
            "ec2_ami_id = ami-1",
            "ec2_instance_type = t3.micro",
            'My.ExtenciStack = "physics"',
            'My.ExtenciService = "campus"',
            'My.ExtenciName = "pool"',
            'My.ExtenciSettings = "1:0123456789abcdef"',
            'My.ExtenciRole = "pool"',
            'My.ExtenciToken = "token-1"',
            'My.ExtenciLaunch = "1:fedcba9876543210"',
        )
    )


def test_every_setting_that_htcondor_has_a_command_for() -> None:
    found = added(
        type="m5.large",
        key_name="my-key",
        security_groups=("ssh", "sg-0a1b", "web", "sg-2c3d"),
        subnet="subnet-0a1b",
        availability_zone="us-east-1a",
    )
    assert found == "\n".join(
        (
            "ec2_instance_type = m5.large",
            "ec2_keypair = my-key",
            "ec2_security_groups = ssh, web",
            "ec2_security_ids = sg-0a1b, sg-2c3d",
            "ec2_vpc_subnet = subnet-0a1b",
            "ec2_availability_zone = us-east-1a",
        )
    )


@pytest.mark.parametrize(
    ("profile", "kind"), [("worker-role", "Name"), ("arn:aws:iam::1:instance-profile/worker", "Arn")]
)
def test_an_instance_profile_is_a_parameter_of_its_own(profile: str, kind: str) -> None:
    assert added(instance_profile=profile) == "\n".join(
        (
            f"ec2_parameter_names = Version, IamInstanceProfile.{kind}",
            "ec2_parameter_Version = 2016-11-15",
            f"ec2_parameter_IamInstanceProfile_{kind} = {profile}",
        )
    )


def test_a_spot_price_is_asked_for_in_a_way_that_keeps_tags() -> None:
    found = added(spot_price="0.05")
    assert found.splitlines()[2:] == [
        "ec2_parameter_InstanceMarketOptions_MarketType = spot",
        "ec2_parameter_InstanceMarketOptions_SpotOptions_MaxPrice = 0.05",
        "ec2_parameter_InstanceMarketOptions_SpotOptions_SpotInstanceType = one-time",
    ]
    assert "ec2_spot_price" not in found


def test_a_root_volume_is_said_of_the_images_root_device() -> None:
    volume = RootVolume(gib=32, type="gp3", encrypted=True)
    text = described(launching(root_device="/dev/sda1"), root_volume=volume)
    assert [line for line in text.splitlines() if "BlockDevice" in line] == [
        names_of(
            "DeviceName", "Ebs.VolumeSize", "Ebs.VolumeType", "Ebs.Encrypted", of="BlockDeviceMapping.1"
        ),
        "ec2_parameter_BlockDeviceMapping_1_DeviceName = /dev/sda1",
        "ec2_parameter_BlockDeviceMapping_1_Ebs_VolumeSize = 32",
        "ec2_parameter_BlockDeviceMapping_1_Ebs_VolumeType = gp3",
        "ec2_parameter_BlockDeviceMapping_1_Ebs_Encrypted = true",
    ]


def test_a_root_volume_that_differs_in_nothing_is_not_said() -> None:
    assert described(launching(root_device="/dev/sda1"), root_volume=RootVolume()) == described()


def test_security_groups_whose_names_htcondor_would_split_go_to_the_service_as_they_are() -> None:
    assert added(security_groups=("ssh", "from the lab", "a,b", "sg-0a1b")) == "\n".join(
        (
            "ec2_security_ids = sg-0a1b",
            "ec2_parameter_names = Version, SecurityGroup.1, SecurityGroup.2, SecurityGroup.3",
            "ec2_parameter_Version = 2016-11-15",
            "ec2_parameter_SecurityGroup_1 = ssh",
            "ec2_parameter_SecurityGroup_2 = from the lab",
            "ec2_parameter_SecurityGroup_3 = a,b",
        )
    )


def test_tags_go_on_in_the_launch_itself() -> None:
    text = described(launching(tags={"team": "a, b", "extenci:name": "pool"}))
    assert [line for line in text.splitlines() if line.startswith("ec2_parameter")] == [
        names_of(
            "ResourceType", "Tag.1.Key", "Tag.1.Value", "Tag.2.Key", "Tag.2.Value", of="TagSpecification.1"
        ),
        "ec2_parameter_Version = 2016-11-15",
        "ec2_parameter_TagSpecification_1_ResourceType = instance",
        "ec2_parameter_TagSpecification_1_Tag_1_Key = extenci:name",
        "ec2_parameter_TagSpecification_1_Tag_1_Value = pool",
        "ec2_parameter_TagSpecification_1_Tag_2_Key = team",
        "ec2_parameter_TagSpecification_1_Tag_2_Value = a, b",
    ]


def test_user_data_stays_in_its_file() -> None:
    data = base64.b64encode(f"#cloud-config\n{SECRET}\n".encode()).decode()
    text = described(replace(PLAIN, user_data_file="/home/me/.extenci/jobs/5e88"), user_data=data)
    assert "ec2_user_data_file = /home/me/.extenci/jobs/5e88" in text.splitlines()
    assert SECRET not in text
    assert data not in text
    assert "ec2_user_data =" not in text


def test_jobs_name_the_key_files_of_their_own() -> None:
    keys = KeyFiles("/schedd/id", "/schedd/secret")
    remote = replace(SERVICE, condor=CondorAccess("submit.example", "cm.example", keys))
    said = describe_jobs(PLAIN, remote)
    assert (said["ec2_access_key_id"], said["ec2_secret_access_key"]) == ("/schedd/id", "/schedd/secret")


def test_without_key_files_there_are_no_jobs() -> None:
    with pytest.raises(PlanError, match="the service campus names none") as refused:
        describe_jobs(PLAIN, replace(SERVICE, credentials=Profile("research")))
    assert "condor: credentials:" in (refused.value.hint or "")


def test_where_no_endpoint_is_named_it_is_awss_own() -> None:
    said = describe_jobs(PLAIN, replace(SERVICE, ec2=None))
    assert said["grid_resource"] == "ec2 https://ec2.us-east-1.amazonaws.com/"


# What is special to the submit language.


def test_macros_in_a_value_are_not_expanded() -> None:
    text = described(launching(tags={"price": "5$ $(HOME)"}), key_name="k$(HOME)$$")
    assert "ec2_keypair = k$(DOLLAR)(HOME)$(DOLLAR)$(DOLLAR)" in text.splitlines()
    assert "ec2_parameter_TagSpecification_1_Tag_1_Value = 5$ $(HOME)" in text.splitlines()


@pytest.mark.parametrize(
    "value", ["two\nlines", "tab\there", "null\0", "delete\x7f", " before", "after ", "back\\"]
)
def test_what_no_line_can_say_is_refused_by_its_name(value: str) -> None:
    with pytest.raises(PlanError, match="ec2_keypair") as refused:
        described(key_name=value)
    assert value not in str(refused.value)
    with pytest.raises(PlanError, match="ec2_parameter_TagSpecification_1_Tag_1_Value"):
        described(launching(tags={"team": value}))


def test_a_tag_without_a_value_is_named_all_the_same() -> None:
    said = describe_jobs(launching(tags={"flag": ""}), SERVICE)
    assert said["ec2_parameter_names"].endswith("TagSpecification.1.Tag.1.Value")
    assert "ec2_parameter_TagSpecification_1_Tag_1_Value" not in said


def test_no_parameters_need_no_line() -> None:
    assert parameter_lines([]) == {}


@pytest.mark.parametrize(
    ("text", "attribute"),
    [
        ("plain text, ü ✓", "plain text, ü ✓"),
        ('say "hi"', "say %22hi%22"),
        ("a\\,b", "a%5C,b"),
        ("$(HOME)", "%24(HOME)"),
        ("50% %41", "50%25 %2541"),
    ],
)
def test_marks_are_written_without_what_is_special(text: str, attribute: str) -> None:
    assert to_attribute(text) == attribute
    assert from_attribute(attribute) == text


@given(st.text())
def test_marks_are_read_as_they_were_written(text: str) -> None:
    written = to_attribute(text)
    assert from_attribute(written) == text
    assert not set(written) & set('\\"$')
    assert quoted(written).count('"') == 2


def test_marks_with_special_characters_are_said() -> None:
    marks = Marks("physics", "campus", "pool", tag_keys=("a,b", "$(x)")).to_tags()
    tags = {**marks, "extenci:tags": '$(x),a\\,b"'}
    said = describe_jobs(replace(PLAIN, marks=tags), SERVICE)
    assert said["My.ExtenciTags"] == '"%24(x),a%5C,b%22"'


def test_what_is_no_mark_becomes_no_attribute() -> None:
    assert "physicists" not in described(replace(PLAIN, marks={**MARKS, "team": "physicists"}))


def test_every_mark_has_an_attribute_of_its_own() -> None:
    assert attribute_of("extenci:source-sha256") == "ExtenciSourceSha256"
    assert len({attribute_of(key).lower() for key in MARK_KEYS}) == len(MARK_KEYS)
