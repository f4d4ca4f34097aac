"""Attributes of AMIs that can be changed. moto knows launch permissions only, and answers as if it had
changed the others.

AWS: EC2 API reference, ModifyImageAttribute, ResetImageAttribute.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses.amis import AmisResponse

from extenci.sandbox.ec2.images.block_devices import one_of
from extenci.sandbox.ec2.images.images import ImageActions, find_image

_SUPPORT = ("v2.0",)


class ImageAttributeActions(ImageActions, AmisResponse):
    """ModifyImageAttribute, ResetImageAttribute."""

    def modify_image_attribute(self) -> ActionResult:
        image = find_image(self.cloud, self._get_param("ImageId", ""))
        description, imds = self._value("Description"), self._value("ImdsSupport")
        one_of({"ImdsSupport": imds}, "ImdsSupport", _SUPPORT)
        super().modify_image_attribute()
        if description is not None:
            image.description = description
        if imds is not None:
            image.imds_support = imds  # type: ignore[attr-defined]  # SandboxImage has it
        return ActionResult({"Return": True})

    def reset_image_attribute(self) -> ActionResult:  # type: ignore[override]  # moto's only raises
        image = find_image(self.cloud, self._get_param("ImageId", ""))
        if self._get_param("Attribute") != "launchPermission":
            raise EC2ClientError("InvalidParameterValue", "Only the attribute launchPermission can be reset.")
        self.error_on_dryrun()
        image.launch_permissions.clear()
        return EmptyResult()

    def _value(self, name: str) -> str | None:
        """The new value of an attribute: `Description.Value`, or `Attribute=description` and `Value`."""
        if self._get_param("Attribute") == name[0].lower() + name[1:]:
            found: Any = self._get_param("Value")
        else:
            found = self._get_param(name, {}).get("Value")
        return None if found is None else str(found)
