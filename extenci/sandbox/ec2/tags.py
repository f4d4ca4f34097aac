"""Tags on EC2's things. Corrects these of moto:

- CreateTags accepts instances that do not exist, keys that begin with `aws:` and over-long ones.
- DeleteTags without tags deletes nothing; on AWS it deletes them all.
- TagSpecifications are taken whatever resource type they name.
- Every reading of one thing's tags walks all tags there are.

AWS: API reference, CreateTags, DeleteTags, Tag; EC2 User Guide, "Tag restrictions".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidAMIIdError,
    InvalidInstanceIdError,
    TagLimitExceeded,
)
from moto.ec2.models import EC2Backend, validate_resource_ids
from moto.ec2.models.core import TaggedEC2Resource

from extenci.sandbox.ec2.actions import Actions

KEY_CHARACTERS = 127
VALUE_CHARACTERS = 255
TAGS_EACH = 50


def tags_of(backend: EC2Backend, resource_id: str) -> dict[str, str]:
    return dict(backend.tags.get(resource_id, {}))


def _get_tags(self: Any) -> list[dict[str, str]]:
    found = self.ec2_backend.tags.get(self.id, {})
    return [{"key": key, "value": value, "resource_id": self.id} for key, value in found.items()]


TaggedEC2Resource.get_tags = _get_tags  # type: ignore[method-assign]


def checked_tags(tags: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """[{Key, Value}] as a mapping. Raises InvalidParameterValue and TagLimitExceeded as AWS does."""
    checked: dict[str, str] = {}
    for tag in tags:
        key, value = tag.get("Key"), tag.get("Value", "")
        if not key:
            raise _invalid("Tag key cannot be null or empty")
        if key.lower().startswith("aws:"):
            raise _invalid("Tag keys starting with 'aws:' are reserved for internal use")
        if len(key) > KEY_CHARACTERS:
            raise _invalid(f"Tag key exceeds the maximum length of {KEY_CHARACTERS} characters")
        if len(value) > VALUE_CHARACTERS:
            raise _invalid(f"Tag value exceeds the maximum length of {VALUE_CHARACTERS} characters")
        if key in checked:
            raise _invalid(f"Duplicate tag key '{key}' specified.")
        checked[key] = value
    if len(checked) > TAGS_EACH:
        raise TagLimitExceeded
    return checked


def tags_at_creation(
    specifications: Sequence[Mapping[str, Any]], allowed: Sequence[str]
) -> dict[str, dict[str, str]]:
    """TagSpecifications as {resource type: {key: value}}, with {} for each allowed type not named.

    Raises InvalidParameterValue for a type this action does not make.
    """
    tags: dict[str, dict[str, str]] = {kind: {} for kind in allowed}
    for specification in specifications:
        kind = specification.get("ResourceType", "")
        if kind not in tags:
            raise _invalid(f"'{kind}' is not a valid taggable resource type for this operation.")
        tags[kind] = checked_tags(specification.get("Tags", []))
    return tags


class TagActions(Actions):
    """CreateTags and DeleteTags."""

    def create_tags(self) -> ActionResult:
        resources = self._existing()
        tags = checked_tags(self._get_param("Tags", []))
        if not tags:
            raise EC2ClientError("MissingParameter", "The request must contain the parameter tagSet")
        self.error_on_dryrun()
        for resource in resources:
            if len(tags_of(self.backend, resource) | tags) > TAGS_EACH:
                raise TagLimitExceeded
        for resource in resources:
            self.backend.tags[resource].update(tags)
        return EmptyResult()

    def delete_tags(self) -> ActionResult:
        resources = self._existing()
        asked = self._get_param("Tags", [])
        self.error_on_dryrun()
        for resource in resources:
            mine = self.backend.tags.get(resource, {})
            for tag in asked or [{"Key": key} for key in mine.copy()]:
                if mine.get(tag["Key"]) == tag.get("Value", mine.get(tag["Key"])):
                    mine.pop(tag["Key"], None)
        return EmptyResult()

    def _existing(self) -> list[str]:
        resources: list[str] = self._get_param("Resources", [])
        known = [resource for resource in resources if not resource.startswith("import-snap-")]
        if known or not resources:
            validate_resource_ids(known)
        for resource in resources:
            self._must_exist(resource)
        return resources

    def _must_exist(self, resource: str) -> None:
        match resource.rpartition("-")[0]:
            case "ami":
                if resource not in self.backend.amis:
                    raise InvalidAMIIdError(resource)
            case "i":
                if self.backend.get_instance_by_id(resource) is None:
                    raise InvalidInstanceIdError(resource)
            case "snap":
                if resource not in self.backend.snapshots:
                    raise no_such_snapshot(resource)
            case "import-snap":
                pass
            case _:
                self.backend.do_resources_exist([resource])


def no_such_snapshot(snapshot_id: str) -> EC2ClientError:
    return EC2ClientError("InvalidSnapshot.NotFound", f"The snapshot '{snapshot_id}' does not exist.")


def _invalid(message: str) -> EC2ClientError:
    return EC2ClientError("InvalidParameterValue", message)
