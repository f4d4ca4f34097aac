"""The requests of RegisterImage and RunInstances, and their parameters as the SDK takes them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from extenci.model.abilities import Ability
from extenci.model.desired import LaunchSettings, RootVolume
from extenci.model.version import Architecture, BootMode, Registration

ROOT_DEVICE = "/dev/xvda"
"""The root device of images that extenci registers, as in Debian's and Amazon's own images: the name that
guests on Xen see. Guests on Nitro see an NVMe device instead (EC2 User Guide, "Device names for volumes")."""


@dataclass(frozen=True)
class RegisterRequest:
    """An image to register from a snapshot or, if that is None, from a bundle whose manifest is in S3 at
    `location` (`BUCKET/KEY`). The same call sets the `tags`; if `volume_type` is None, the service chooses
    one (AWS: gp2)."""

    name: str
    snapshot: str | None
    registration: Registration
    tags: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    volume_type: str | None = None
    location: str | None = None


@dataclass(frozen=True)
class LaunchRequest:
    """Machines to launch: at least `minimum`, at most `count`, each created with `tags`.

    `token` has at most 64 characters. `root_device` is the image's; if it is None, but needed for
    `settings.root_volume`, the service is asked for it.
    """

    image: str
    settings: LaunchSettings
    count: int
    token: str
    tags: Mapping[str, str] = field(default_factory=dict)
    minimum: int = 1
    root_device: str | None = None


def register_parameters(request: RegisterRequest) -> dict[str, Any]:
    """RegisterImage's parameters that every service takes, beside the optional ones of `register_parts`."""
    boot_mode = request.registration.boot_mode
    return _given(
        Name=request.name,
        Description=request.description or None,
        Architecture=str(request.registration.architecture),
        VirtualizationType="hvm",
        BootMode=str(boot_mode) if boot_mode else None,
        ImageLocation=request.location,
        RootDeviceName=ROOT_DEVICE if request.snapshot else None,
        BlockDeviceMappings=_root_of_snapshot(request) if request.snapshot else None,
    )


def register_parts(request: RegisterRequest) -> dict[Ability, dict[str, Any]]:
    """RegisterImage's optional parts. Everything whose default is wrong for today's machines is said.

    They do not set SriovNetSupport, since an image that lacks the ixgbevf driver would have no network on the
    few old types that use it, nor TpmSupport, which changes what a guest may rely on.
    """
    registration = request.registration
    parts: dict[Ability, dict[str, Any]] = {
        Ability.ENA: {"EnaSupport": True},
        Ability.IMDS: {"ImdsSupport": "v2.0"},
    }
    if registration.boot_mode is None and registration.architecture is Architecture.ARM64:
        parts[Ability.BOOT_MODE] = {"BootMode": str(BootMode.UEFI)}
    return parts | tag_part(Ability.TAG_IMAGE, "image", request.tags)


def tag_part(ability: Ability, kind: str, tags: Mapping[str, str]) -> dict[Ability, dict[str, Any]]:
    """Tags for a resource of a kind, as an optional part of the call that creates it."""
    return {ability: {"TagSpecifications": [{"ResourceType": kind, "Tags": tag_list(tags)}]}} if tags else {}


def _root_of_snapshot(request: RegisterRequest) -> list[dict[str, Any]]:
    volume = _given(
        SnapshotId=request.snapshot,
        VolumeSize=request.registration.gib,
        VolumeType=request.volume_type,
        DeleteOnTermination=True,
    )
    return [{"DeviceName": ROOT_DEVICE, "Ebs": volume}]


def run_parameters(request: LaunchRequest, root_device: str | None) -> dict[str, Any]:
    """RunInstances' parameters. User data are raw bytes, since the SDK encodes them itself."""
    settings = request.settings
    groups = settings.security_groups
    return _given(
        ImageId=request.image,
        InstanceType=settings.type,
        MinCount=request.minimum,
        MaxCount=request.count,
        KeyName=settings.key_name,
        UserData=base64.b64decode(settings.user_data) if settings.user_data else None,
        SecurityGroups=[name for name in groups if not name.startswith("sg-")] or None,
        SecurityGroupIds=[group for group in groups if group.startswith("sg-")] or None,
        SubnetId=settings.subnet,
        Placement={"AvailabilityZone": settings.availability_zone} if settings.availability_zone else None,
        IamInstanceProfile=_profile(settings.instance_profile),
        BlockDeviceMappings=_root_mapping(settings.root_volume, root_device),
        InstanceMarketOptions=_spot(settings.spot_price),
    )


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as the SDK takes them, in the order of their keys."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _profile(name: str | None) -> dict[str, str] | None:
    return {"Arn" if name.startswith("arn:") else "Name": name} if name else None


def _root_mapping(volume: RootVolume | None, root_device: str | None) -> list[dict[str, Any]] | None:
    if volume is None or root_device is None:
        return None
    ebs = _given(VolumeSize=volume.gib, VolumeType=volume.type, Encrypted=volume.encrypted)
    return [{"DeviceName": root_device, "Ebs": ebs}] if ebs else None


def _spot(price: str | None) -> dict[str, Any] | None:
    """The options of a one-time spot request: an interrupted machine is not replaced, and the next plan shows
    that it is missing."""
    if price is None:
        return None
    return {"MarketType": "spot", "SpotOptions": {"MaxPrice": price, "SpotInstanceType": "one-time"}}


def _given(**parameters: Any) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None}
