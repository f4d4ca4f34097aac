"""Ebs block device mappings, as RegisterImage and RunInstances take them. moto checks none of this.

AWS: API reference, EbsBlockDevice, RegisterImage, RunInstances; the messages are AWS's where they are known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from moto.ec2.exceptions import EC2ClientError, MissingParameterError

from extenci.sandbox.state.cloud import Cloud
from extenci.sandbox.state.snapshots import find_snapshot, not_completed
from extenci.sandbox.state.tags import no_such_snapshot

VOLUME_TYPES = ("standard", "gp2", "gp3", "io1", "io2", "sc1", "st1")


def checked_ebs(cloud: Cloud, asked: Mapping[str, Any], image: Mapping[str, Any]) -> dict[str, Any]:
    """An Ebs block device as AWS would show it: what is asked, else what the image says, else the defaults.

    Raises InvalidSnapshot.NotFound, IncorrectState, InvalidBlockDeviceMapping, InvalidParameterValue.
    """
    ebs: dict[str, Any] = {"DeleteOnTermination": True, "VolumeType": "gp2", "Encrypted": False}
    ebs |= {**image, **asked}
    one_of(ebs, "VolumeType", VOLUME_TYPES)
    if not ebs.get("SnapshotId"):
        if not ebs.get("VolumeSize"):
            raise MissingParameterError("size/snapshot")
        return ebs
    if not re.fullmatch(r"snap-[0-9a-f]{8,17}", ebs["SnapshotId"]):
        raise no_such_snapshot(ebs["SnapshotId"])
    snapshot = find_snapshot(cloud, ebs["SnapshotId"])
    if snapshot.status != "completed":
        raise not_completed(snapshot)
    ebs.setdefault("VolumeSize", snapshot.disk.gib)
    if ebs["VolumeSize"] < snapshot.disk.gib:
        raise EC2ClientError(
            "InvalidBlockDeviceMapping",
            f"Volume of size {ebs['VolumeSize']}GB is smaller than snapshot '{snapshot.id}', "
            f"expect size>= {snapshot.disk.gib}GB",
        )
    return ebs


def one_of(parameters: Mapping[str, Any], name: str, choices: Sequence[str]) -> None:
    """Raises InvalidParameterValue when a parameter is given and is none of its choices."""
    value = parameters.get(name)
    if value is not None and value not in choices:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Value ({value}) for parameter {name[0].lower() + name[1:]} is invalid. "
            f"Valid values: {', '.join(choices)}.",
        )
