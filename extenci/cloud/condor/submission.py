"""Describes a launch to HTCondor: the submit description of jobs in the EC2 grid universe. Pure.

Tags and other parameters of RunInstances are passed as `ec2_parameter_…`, so that a machine is owned from
the moment it exists.

Sources: HTCondor manual, "The EC2 grid type"; src/condor_utils/submit_utils.cpp; tests with HTCondor itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from extenci.cloud.aws.requests.parameters import LaunchRequest
from extenci.model.desired import LaunchSettings
from extenci.model.errors import PlanError
from extenci.model.ownership import MARK_KEYS
from extenci.model.service import Service

API_VERSION = "2016-11-15"
"""EC2's API version with TagSpecification; the GAHP's own is older."""

TOKEN = "ExtenciToken"  # noqa: S105 - the name of an attribute
LAUNCH = "ExtenciLaunch"

Parameters = list[tuple[str, str]]


@dataclass(frozen=True)
class JobRequest:
    """Jobs that each launch one machine of `launch`. The queue shows `label`; `marks` are the tags of
    ownership; `user_data_file` is a path on the schedd's machine; `launch_mark` becomes the attribute
    LAUNCH."""

    label: str
    launch: LaunchRequest
    marks: Mapping[str, str]
    launch_mark: str
    user_data_file: str | None = None


def attribute_of(key: str) -> str:
    """The job attribute for a mark: `extenci:source-sha256` → `ExtenciSourceSha256`."""
    return "".join(part.capitalize() for part in re.split("[:-]", key))


MARK_ATTRIBUTES = {key: attribute_of(key) for key in MARK_KEYS}


def describe_jobs(request: JobRequest, service: Service) -> dict[str, str]:
    """The submit description, without its number of jobs. PlanError if the service names no key files for
    jobs. It contains no secrets: keys and user data are in files."""
    keys = service.job_credentials
    if keys is None:
        raise PlanError(
            f"HTCondor jobs need key files, and the service {service.name} names none.",
            "Name them under `condor: credentials:`, as paths on the schedd's machine.",
        )
    settings = request.launch.settings
    ids = [group for group in settings.security_groups if group.startswith("sg-")]
    names = () if group_parameters(settings) else group_names(settings)
    said = {
        "universe": "grid",
        "grid_resource": f"ec2 {service.ec2_url}/",
        "executable": request.label,
        "transfer_executable": "false",
        "WantNameTag": "false",
        "ec2_access_key_id": keys.access_key_file,
        "ec2_secret_access_key": keys.secret_key_file,
        "ec2_ami_id": request.launch.image,
        "ec2_instance_type": settings.type,
        "ec2_keypair": settings.key_name,
        "ec2_security_groups": ", ".join(names),
        "ec2_security_ids": ", ".join(ids),
        "ec2_vpc_subnet": settings.subnet,
        "ec2_availability_zone": settings.availability_zone,
        "ec2_user_data_file": request.user_data_file,
        **parameter_lines(launch_parameters(request.launch)),
        **{f"My.{name}": quoted(to_attribute(value)) for name, value in job_attributes(request).items()},
    }
    return {key: literal(value, key) for key, value in said.items() if value}


def job_attributes(request: JobRequest) -> dict[str, str]:
    """The attributes that mark a job as owned, by their names."""
    marks = {MARK_ATTRIBUTES[key]: request.marks[key] for key in MARK_KEYS if key in request.marks}
    return {**marks, TOKEN: request.launch.token, LAUNCH: request.launch_mark}


SPLITS = re.compile("[ ,]")
"""The separators of security groups' names in HTCondor (tried with 23.9.6). In a VPC a name may contain
both."""


def group_names(settings: LaunchSettings) -> tuple[str, ...]:
    """Security groups that are given by name."""
    return tuple(group for group in settings.security_groups if not group.startswith("sg-"))


def group_parameters(settings: LaunchSettings) -> Parameters:
    """Security groups by name, if HTCondor's own command would split one of them."""
    names = group_names(settings)
    if not any(SPLITS.search(name) for name in names):
        return []
    return [(f"SecurityGroup.{number}", name) for number, name in enumerate(names, start=1)]


def launch_parameters(launch: LaunchRequest) -> Parameters:
    """Parameters of RunInstances for which HTCondor has no command, or a flawed one: it drops an instance
    profile given by name, and the tags of spot requests."""
    settings = launch.settings
    found: Parameters = []
    if settings.instance_profile:
        kind = "Arn" if settings.instance_profile.startswith("arn:") else "Name"
        found.append((f"IamInstanceProfile.{kind}", settings.instance_profile))
    if settings.spot_price:
        found += [
            ("InstanceMarketOptions.MarketType", "spot"),
            ("InstanceMarketOptions.SpotOptions.MaxPrice", settings.spot_price),
            ("InstanceMarketOptions.SpotOptions.SpotInstanceType", "one-time"),
        ]
    found += group_parameters(settings)
    found += volume_parameters(launch)
    found += tag_parameters(launch.tags)
    return [("Version", API_VERSION), *found] if found else []


def volume_parameters(launch: LaunchRequest) -> Parameters:
    """The root volume, if it differs from the image's."""
    volume = launch.settings.root_volume
    if volume is None or launch.root_device is None:
        return []
    known = {"VolumeSize": volume.gib, "VolumeType": volume.type, "Encrypted": volume.encrypted}
    ebs = [
        (f"BlockDeviceMapping.1.Ebs.{name}", str(value).lower() if isinstance(value, bool) else str(value))
        for name, value in known.items()
        if value is not None
    ]
    return [("BlockDeviceMapping.1.DeviceName", launch.root_device), *ebs] if ebs else []


def tag_parameters(tags: Mapping[str, str]) -> Parameters:
    """Tags that the machine gets when it is created."""
    if not tags:
        return []
    prefix = "TagSpecification.1"
    found: Parameters = [(f"{prefix}.ResourceType", "instance")]
    for number, (key, value) in enumerate(sorted(tags.items()), start=1):
        found += [(f"{prefix}.Tag.{number}.Key", key), (f"{prefix}.Tag.{number}.Value", value)]
    return found


def parameter_lines(parameters: Iterable[tuple[str, str]]) -> dict[str, str]:
    """`ec2_parameter_names` and one line for each of them, dots written as underscores."""
    known = dict(parameters)
    if not known:
        return {}
    lines = {f"ec2_parameter_{name.replace('.', '_')}": value for name, value in known.items()}
    return {"ec2_parameter_names": ", ".join(known), **lines}


SPECIAL = '%\\"$'
"""Characters with a special meaning in the submit language or old ClassAds."""


def to_attribute(text: str) -> str:
    """A mark's value as an attribute's: special characters become `%XX`."""
    return "".join(f"%{ord(one):02X}" if one in SPECIAL else one for one in text)


def from_attribute(text: str) -> str:
    """The reverse of `to_attribute`."""
    return re.sub("%([0-9A-F]{2})", lambda found: chr(int(found[1], 16)), text)


def quoted(value: str) -> str:
    """A ClassAd string literal of a value without quotes and backslashes."""
    return f'"{value}"'


def literal(value: str, key: str) -> str:
    """A value escaped for the submit language, on one line; values of `ec2_parameter_…` are never expanded.
    PlanError if it cannot be expressed, since a backslash at its end would continue the line."""
    is_one_line = all(ord(character) >= 32 and ord(character) != 127 for character in value)
    if not is_one_line or value != value.strip() or value.endswith("\\"):
        raise PlanError(
            f"HTCondor cannot be told {key}: its value has control characters or blanks at an end, or ends "
            "with a backslash.",
            "Change it in the spec, or launch with `launch: ec2`.",
        )
    return value if key.startswith("ec2_parameter_") else value.replace("$", "$(DOLLAR)")
