"""Reads EC2's answers as observed values. Whatever a service leaves out is None, "" or empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from extenci.model.observed import (
    ENDED_BY_USER,
    Image,
    ImageState,
    KeyPair,
    Machine,
    MachineState,
    Snapshot,
    SnapshotState,
)
from extenci.model.ownership import read_marks

Answer = Mapping[str, Any]
FAILED_IMAGES = frozenset(("invalid", "deregistered", "disabled", "error", "failed", "transient", ""))
FAILED_SNAPSHOTS = frozenset(("error", "failed", "recoverable", "recovering", ""))
"""States in which something can never be used (EC2 API reference, `ImageState`, `SnapshotState`;
Eucalyptus says `failed` of snapshots, too). Services that give no state have always meant one of them."""
MANIFEST = ".manifest.xml"
"""The end of a bundle's location in S3."""


def read_image(answer: Answer) -> Image:
    """An `Image` in an answer to DescribeImages. Its size is in GiB."""
    tags = read_tags(answer)
    volumes = [
        (one.get("DeviceName"), one["Ebs"]) for one in answer.get("BlockDeviceMappings", ()) if one.get("Ebs")
    ]
    sizes = {device: ebs.get("VolumeSize") for device, ebs in volumes}
    return Image(
        id=answer["ImageId"],
        name=answer.get("Name", ""),
        state=_read_image_state(answer.get("State", "")),
        snapshots=tuple(ebs["SnapshotId"] for _, ebs in volumes if ebs.get("SnapshotId")),
        architecture=answer.get("Architecture"),
        boot_mode=answer.get("BootMode"),
        gib=sizes.get(answer.get("RootDeviceName")),
        created=answer.get("CreationDate", ""),
        tags=tags,
        marks=read_marks(tags),
        manifest=_read_manifest(answer) if not volumes else None,
    )


def _read_image_state(state: str) -> ImageState:
    """A state that EC2 does not have counts as pending, also for snapshots and machines: what is in it can
    neither be used nor is it gone, so that nothing is made instead of it."""
    if state in FAILED_IMAGES:
        return ImageState.FAILED
    return ImageState(state) if state in list(ImageState) else ImageState.PENDING


def _read_snapshot_state(state: str) -> SnapshotState:
    if state in FAILED_SNAPSHOTS:
        return SnapshotState.ERROR
    return SnapshotState(state) if state in list(SnapshotState) else SnapshotState.PENDING


def _read_manifest(answer: Answer) -> str | None:
    """The location of a bundle's manifest, None for other images: their location is their owner and name."""
    location = str(answer.get("ImageLocation", "")).lstrip("/")
    return location if location.endswith(MANIFEST) else None


def read_snapshot(answer: Answer) -> Snapshot:
    """A `Snapshot` in an answer to DescribeSnapshots."""
    tags = read_tags(answer)
    started = answer.get("StartTime")
    return Snapshot(
        id=answer["SnapshotId"],
        state=_read_snapshot_state(answer.get("State", "")),
        gib=int(answer.get("VolumeSize", 0)),
        started=started.isoformat() if isinstance(started, datetime) else str(started or ""),
        tags=tags,
        marks=read_marks(tags),
    )


def read_machine(answer: Answer) -> Machine:
    """An `Instance` in an answer to DescribeInstances.

    `host` is the public address, or the private one if there is no other. A state that EC2 does not have
    counts as pending.
    """
    tags = read_tags(answer)
    state = answer.get("State", {}).get("Name", "")
    launched = answer.get("LaunchTime")
    public = answer.get("PublicIpAddress") or answer.get("PublicDnsName") or ""
    private = answer.get("PrivateIpAddress") or answer.get("PrivateDnsName") or ""
    return Machine(
        id=answer["InstanceId"],
        state=MachineState(state) if state in list(MachineState) else MachineState.PENDING,
        image=answer.get("ImageId", ""),
        type=answer.get("InstanceType", ""),
        launched=launched.timestamp() if isinstance(launched, datetime) else 0.0,
        host=public or private,
        private_host=private,
        key_name=answer.get("KeyName") or None,
        groups=read_groups(answer.get("SecurityGroups", ())),
        subnet=answer.get("SubnetId") or None,
        availability_zone=answer.get("Placement", {}).get("AvailabilityZone"),
        instance_profile=answer.get("IamInstanceProfile", {}).get("Arn"),
        spot=answer.get("InstanceLifecycle") == "spot",
        reason=answer.get("StateReason", {}).get("Message") or answer.get("StateTransitionReason") or "",
        reason_code=read_reason_code(answer),
        token=answer.get("ClientToken", ""),
        tags=tags,
        marks=read_marks(tags),
    )


def read_reason_code(answer: Answer) -> str:
    """Why a machine was terminated or stopped, as a code. Services without `StateReason` give the reason in
    `StateTransitionReason`, which begins with "User initiated" if somebody asked for it."""
    code = answer.get("StateReason", {}).get("Code", "")
    if not code and str(answer.get("StateTransitionReason", "")).startswith("User initiated"):
        return ENDED_BY_USER
    return str(code)


def read_key_pair(answer: Answer) -> KeyPair:
    """A `KeyPairInfo` in an answer to DescribeKeyPairs. It has no marks if the service does not tag key
    pairs."""
    tags = read_tags(answer)
    return KeyPair(
        answer["KeyName"],
        read_marks(tags),
        answer.get("KeyPairId", ""),
        answer.get("KeyFingerprint", ""),
        tags,
    )


def read_tags(answer: Answer) -> dict[str, str]:
    """The tags of a resource."""
    return {tag["Key"]: tag.get("Value", "") for tag in answer.get("Tags", ())}


def read_groups(groups: Sequence[Answer]) -> frozenset[str]:
    """The names and ids of security groups."""
    return frozenset(
        text for group in groups for text in (group.get("GroupName"), group.get("GroupId")) if text
    )
