"""AMIs. Corrects these shortcomings of moto:

- RegisterImage drops block device mappings, tags and every setting, and makes an unrelated snapshot;
  it accepts any name, twice too, any snapshot and any ImageLocation.
- DescribeImages pages nothing and has no filters on block devices.

Source: AWS EC2 API reference, RegisterImage, DescribeImages, DeregisterImage, "Error codes".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidAMIIdError,
    MalformedAMIIdError,
    MissingParameterError,
    UnvailableAMIIdError,
)
from moto.ec2.models.amis import Ami
from moto.ec2.utils import random_ami_id

from extenci.sandbox.ec2.actions import Actions
from extenci.sandbox.ec2.filters import Readers, attributes, chosen
from extenci.sandbox.ec2.images.block_devices import checked_ebs, one_of
from extenci.sandbox.ec2.images.bundles import Bundle, drop_disk, find_bundle, open_bundle
from extenci.sandbox.ec2.pages import page, page_size
from extenci.sandbox.state.cloud import ACCOUNT, Cloud
from extenci.sandbox.state.tags import tags_at_creation, tags_of

_NAME = re.compile(r"[A-Za-z0-9()\[\] ./\-'@_]{3,128}")
_CHOICES = {
    "Architecture": ("i386", "x86_64", "arm64", "x86_64_mac", "arm64_mac"),
    "VirtualizationType": ("hvm", "paravirtual"),
    "BootMode": ("legacy-bios", "uefi", "uefi-preferred"),
    "TpmSupport": ("v2.0",),
    "ImdsSupport": ("v2.0",),
}


class SandboxImage(Ami):
    """An AMI as it was registered."""

    def __init__(
        self, cloud: Cloud, parameters: Mapping[str, Any], mappings: Sequence[dict[str, Any]]
    ) -> None:
        """Not moto's own beginnings, which would make a volume and a snapshot."""
        self.ec2_backend = cloud.backend
        self.id = random_ami_id()
        self.name = parameters["Name"]
        self.description = parameters.get("Description", "")
        self.state = "available"
        self.image_type = "machine"
        self.owner_id = ACCOUNT
        self.owner_alias = None
        self.creation_date = utcnow()
        self.image_location = parameters.get("ImageLocation") or f"{ACCOUNT}/{self.name}"
        self.architecture = parameters.get("Architecture", "i386")
        self.virtualization_type = parameters.get("VirtualizationType", "paravirtual")
        self.boot_mode = parameters.get("BootMode")  # type: ignore[assignment]  # not said: not shown
        self.tpm_support = parameters.get("TpmSupport")
        self.imds_support = parameters.get("ImdsSupport")
        self.ena_support = bool(parameters.get("EnaSupport", False))
        self.sriov = self.sriov_net_support = parameters.get("SriovNetSupport")  # type: ignore[assignment]
        self.kernel_id = parameters.get("KernelId")
        self.ramdisk_id = parameters.get("RamdiskId")
        self.root_device_name = parameters.get("RootDeviceName") or "/dev/sda1"
        self.root_device_type = "ebs" if mappings else "instance-store"
        self.hypervisor = "xen"
        self.platform = None
        self.platform_details = "Linux/UNIX"
        self.usage_operation = "RunInstances"
        self.product_codes = set()
        self.instance_id = None
        self.launch_permissions = []
        self._mappings = list(mappings)

    @property
    def public(self) -> bool:
        return self.is_public

    @property
    def block_device_mappings(self) -> list[dict[str, Any]]:
        return self._mappings

    @property
    def root(self) -> dict[str, Any] | None:
        """The root device's mapping; None for an image in S3."""
        devices = {mapping["DeviceName"]: mapping for mapping in self._mappings}
        return devices.get(self.root_device_name)


GOING_SECONDS = 60.0


class ImageActions(Actions):
    """RegisterImage, DescribeImages, DeregisterImage."""

    def register_image(self) -> ActionResult:
        parameters = self.params
        self.check_name(parameters.get("Name"))
        for name, choices in _CHOICES.items():
            one_of(parameters, name, choices)
        if parameters.get("TpmSupport") and parameters.get("BootMode") != "uefi":
            raise EC2ClientError(
                "InvalidParameterCombination", "TpmSupport v2.0 goes with the boot mode uefi only."
            )
        mappings = [self._mapping(asked) for asked in parameters.get("BlockDeviceMappings", [])]
        bundle = self._find_source(parameters, mappings)
        tags = tags_at_creation(self.tag_specifications(), ["image", "snapshot"])
        self.error_on_dryrun()
        image = SandboxImage(self.cloud, parameters, mappings)
        self.backend.amis[image.id] = image
        self.backend.tags[image.id].update(tags["image"])
        if bundle is not None:
            open_bundle(self.cloud, image, bundle)
        return ActionResult({"ImageId": image.id})

    def describe_images(self) -> ActionResult:
        self.error_on_dryrun()
        ids = self._get_param("ImageIds", [])
        named = [find_image(self.cloud, one) for one in ids if not self._is_going(one)]
        images = named if ids else list(self.backend.amis.values())
        owners = {ACCOUNT if owner == "self" else owner for owner in self._get_param("Owners", [])}
        if owners:
            images = [image for image in images if {image.owner_id, image.owner_alias} & owners]
        found = chosen(images, self.filters, _FILTERS, lambda one: tags_of(self.backend, one.id))
        size = page_size(self._get_param("MaxResults"), least=1)
        shown, following = page(found, size, self._get_param("NextToken"), lambda one: one.id)
        return ActionResult({"Images": shown, "NextToken": following})

    def deregister_image(self) -> ActionResult:
        image = find_image(self.cloud, self._get_param("ImageId", ""))
        self.error_on_dryrun()
        self.backend.deregister_image(image.id)
        self.cloud.deregistered[image.id] = self.cloud.clock()
        drop_disk(self.cloud, image.id)
        self.backend.tags.pop(image.id, None)
        return ActionResult({"Return": True})

    def _is_going(self, image_id: str) -> bool:
        """Whether an image was deregistered a moment ago: for that long, its id finds nothing, and is no
        error. Terraform's AWS provider waits for the empty answer."""
        gone = self.cloud.deregistered.get(image_id)
        return gone is not None and self.cloud.clock() - gone < GOING_SECONDS

    def check_name(self, name: str | None) -> None:
        if name is None:
            raise MissingParameterError("name")
        if not _NAME.fullmatch(name):
            raise EC2ClientError(
                "InvalidAMIName.Malformed",
                "AMI names must be between 3 and 128 characters long, and may contain letters, "
                "numbers, '(', ')', '.', '-', '/', '_' and others that RegisterImage lists",
            )
        for image in self.backend.amis.values():
            if image.name == name and image.owner_id == ACCOUNT:
                raise EC2ClientError(
                    "InvalidAMIName.Duplicate", f"AMI name {name} is already in use by AMI {image.id}"
                )

    def _find_source(self, parameters: Mapping[str, Any], mappings: Sequence[Any]) -> Bundle | None:
        """An image lies on a snapshot, its root device, or in S3, where its manifest is."""
        location = parameters.get("ImageLocation")
        if location and not mappings:
            return find_bundle(self.cloud, location)
        if not mappings:
            raise MissingParameterError("imageLocation or blockDeviceMapping")
        root = parameters.get("RootDeviceName")
        devices = {mapping["DeviceName"]: mapping for mapping in mappings}
        if not root or not devices.get(root, {}).get("Ebs", {}).get("SnapshotId"):
            raise EC2ClientError(
                "InvalidBlockDeviceMapping",
                f"The root device {root or '(RootDeviceName is missing)'} needs a block device "
                "mapping with a snapshot.",
            )
        return None

    def _mapping(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        if not asked.get("DeviceName"):
            raise EC2ClientError("InvalidBlockDeviceMapping", "A block device mapping has no device name.")
        if "Ebs" not in asked:
            return dict(asked)
        return {"DeviceName": asked["DeviceName"], "Ebs": checked_ebs(self.cloud, asked["Ebs"], {})}


def find_image(cloud: Cloud, image_id: str) -> Ami:
    """Raises InvalidAMIID.Malformed, .NotFound, and .Unavailable for one that was deregistered."""
    if not re.fullmatch(r"ami-[0-9a-f]{8,17}", image_id):
        raise MalformedAMIIdError([image_id])
    if image_id in cloud.backend.deleted_amis:
        raise UnvailableAMIIdError(image_id)
    if image_id not in cloud.backend.amis:
        raise InvalidAMIIdError(image_id)
    return cloud.backend.amis[image_id]


def _in_mappings(key: str) -> Callable[[Ami], list[object]]:
    return lambda image: [mapping.get("Ebs", {}).get(key) for mapping in image.block_device_mappings]


_SIMPLE = {
    "name": "name",
    "state": "state",
    "image-id": "id",
    "architecture": "architecture",
    "virtualization-type": "virtualization_type",
    "boot-mode": "boot_mode",
    "description": "description",
    "owner-id": "owner_id",
    "owner-alias": "owner_alias",
    "image-type": "image_type",
    "is-public": "is_public",
    "hypervisor": "hypervisor",
    "kernel-id": "kernel_id",
    "platform": "platform",
    "manifest-location": "image_location",
    "root-device-name": "root_device_name",
    "root-device-type": "root_device_type",
    "ena-support": "ena_support",
    "tpm-support": "tpm_support",
    "imds-support": "imds_support",
}

_IN_MAPPINGS = {
    "block-device-mapping.snapshot-id": "SnapshotId",
    "block-device-mapping.volume-size": "VolumeSize",
    "block-device-mapping.volume-type": "VolumeType",
    "block-device-mapping.encrypted": "Encrypted",
    "block-device-mapping.delete-on-termination": "DeleteOnTermination",
}

_FILTERS: Readers[Ami] = {
    **attributes(_SIMPLE),
    **{name: _in_mappings(key) for name, key in _IN_MAPPINGS.items()},
    "block-device-mapping.device-name": lambda one: [
        each["DeviceName"] for each in one.block_device_mappings
    ],
}
