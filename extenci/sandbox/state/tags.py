"""Tags on EC2's resources: read, and checked as AWS does (EC2 User Guide, "Tag restrictions").

In moto every reading of one resource's tags walks all tags there are; here it does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moto.ec2.exceptions import EC2ClientError, TagLimitExceeded
from moto.ec2.models import EC2Backend
from moto.ec2.models.core import TaggedEC2Resource

KEY_CHARACTERS = 127
VALUE_CHARACTERS = 255
TAGS_EACH = 50
RESERVED = "aws:"


def tags_of(backend: EC2Backend, resource_id: str) -> dict[str, str]:
    return dict(backend.tags.get(resource_id, {}))


def own_tags(backend: EC2Backend, resource_id: str) -> dict[str, str]:
    """Those that its user gave it: the ones of AWS itself cannot be deleted, and do not count."""
    return {
        key: value for key, value in tags_of(backend, resource_id).items() if not key.startswith(RESERVED)
    }


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
        refuse_reserved(key)
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


def refuse_reserved(key: str) -> None:
    """Raises InvalidParameterValue for the key of a tag that only AWS gives and takes away."""
    if key.lower().startswith(RESERVED):
        raise _invalid("Tag keys starting with 'aws:' are reserved for internal use")


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


def no_such_snapshot(snapshot_id: str) -> EC2ClientError:
    return EC2ClientError("InvalidSnapshot.NotFound", f"The snapshot '{snapshot_id}' does not exist.")


def _invalid(message: str) -> EC2ClientError:
    return EC2ClientError("InvalidParameterValue", message)
