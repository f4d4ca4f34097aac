"""CreateImage and CopyImage. Corrects moto, whose copies have an empty snapshot of 15 GiB.

AWS: API reference, CreateImage, CopyImage.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.amis import Ami

from extenci.sandbox.ec2.images.images import ImageActions, SandboxImage, find_image
from extenci.sandbox.ec2.snapshots import SnapshotActions
from extenci.sandbox.state.snapshots import NO_VOLUME
from extenci.sandbox.state.tags import tags_at_creation


class ImageCopyActions(ImageActions, SnapshotActions):
    """CreateImage, CopyImage: new images of new snapshots."""

    def create_image(self) -> ActionResult:
        """Make an image of a machine. Simulated machines write nothing: their volumes hold what they were
        made from."""
        instance = self.backend.get_instance(self._get_param("InstanceId", ""))
        devices = {
            device: self.backend.get_volume(block.volume_id)
            for device, block in instance.get_block_device_mapping
        }
        sources = {
            device: (volume.size, volume.id, volume.snapshot_id or "") for device, volume in devices.items()
        }
        return self._copied(self.backend.amis.get(instance.image_id), sources)

    def copy_image(self) -> ActionResult:
        image = find_image(self.cloud, self._get_param("SourceImageId", ""))
        sources = {
            mapping["DeviceName"]: (
                mapping["Ebs"]["VolumeSize"],
                NO_VOLUME,
                mapping["Ebs"].get("SnapshotId", ""),
            )
            for mapping in image.block_device_mappings
            if "Ebs" in mapping
        }
        return self._copied(image, sources)

    def _copied(self, image: Ami | None, sources: dict[str, tuple[int, str, str]]) -> ActionResult:
        """A new image with the settings of `image`; `sources`: size, volume and snapshot of each device."""
        self.check_name(self._get_param("Name"))
        tags = tags_at_creation(self.tag_specifications(), ["image", "snapshot"])
        if image is None:
            raise EC2ClientError("InvalidAMIID.Unavailable", "The machine's own image is gone.")
        self.error_on_dryrun()
        mappings = []
        for device, (gib, volume_id, source) in sources.items():
            snapshot = self.copied(gib, volume_id, source, "Created by CreateImage", tags["snapshot"])
            ebs = {"SnapshotId": snapshot.id, "VolumeSize": gib, "VolumeType": "gp2"}
            mappings.append({"DeviceName": device, "Ebs": ebs | {"DeleteOnTermination": True}})
        made = SandboxImage(self.cloud, self._settings(image), mappings)
        self.backend.amis[made.id] = made
        self.backend.tags[made.id].update(tags["image"])
        return ActionResult({"ImageId": made.id})

    def _settings(self, image: Ami) -> dict[str, Any]:
        return {
            "Name": self._get_param("Name"),
            "Description": self._get_param("Description", ""),
            "Architecture": image.architecture,
            "VirtualizationType": image.virtualization_type,
            "BootMode": image.boot_mode,
            "EnaSupport": getattr(image, "ena_support", False),
            "TpmSupport": getattr(image, "tpm_support", None),
            "ImdsSupport": getattr(image, "imds_support", None),
            "RootDeviceName": image.root_device_name,
        }
