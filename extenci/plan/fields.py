"""Desired as fields under the names that the specs use, and the differences between them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

from extenci.model.address import Address
from extenci.model.desired import DesiredGroup, DesiredImage, RootVolume
from extenci.model.plan import FieldChange
from extenci.model.version import shown_source

IMAGE_FIELDS = ("digest", "architecture", "boot_mode", "method", "size")
LAUNCH_FIELDS = (
    "image",
    "type",
    "launch",
    "key_name",
    "user_data",
    "security_groups",
    "subnet",
    "availability_zone",
    "instance_profile",
    "root_volume",
    "spot_price",
)


def desired_fields(spec: DesiredImage | DesiredGroup) -> dict[str, object]:
    """What a spec asks for, by the spec's own names: JSON values, user data by its hash only."""
    match spec:
        case DesiredImage():
            return image_fields(spec)
        case DesiredGroup():
            return group_fields(spec)


applied_fields = desired_fields
"""What goes into an AppliedRecord's `fields` once a spec is fully applied."""


def image_fields(spec: DesiredImage) -> dict[str, object]:
    """An image's spec as fields."""
    return {
        "source": shown_source(spec.source),
        "sha256": spec.sha256,
        "architecture": str(spec.architecture),
        "boot_mode": str(spec.boot_mode) if spec.boot_mode else None,
        "method": str(spec.method),
        "size": spec.gib,
        "keep": spec.keep,
        "protect": spec.protect,
        "tags": dict(sorted(spec.tags.items())),
    }


def group_fields(spec: DesiredGroup) -> dict[str, object]:
    """An instance group's spec as fields."""
    settings = spec.settings
    return {
        "image": spec.image.name if isinstance(spec.image, Address) else spec.image.id,
        "type": settings.type,
        "count": spec.count,
        "launch": str(spec.launch),
        "key_name": settings.key_name,
        "user_data": hash_of(settings.user_data),
        "security_groups": sorted(settings.security_groups),
        "subnet": settings.subnet,
        "availability_zone": settings.availability_zone,
        "instance_profile": settings.instance_profile,
        "root_volume": volume_fields(settings.root_volume),
        "spot_price": settings.spot_price,
        "tags": dict(sorted(spec.tags.items())),
        "update": {"max_unavailable": spec.max_unavailable},
        "launch_timeout": spec.launch_timeout,
        "protect": spec.protect,
    }


def volume_fields(volume: RootVolume | None) -> dict[str, object] | None:
    """A root volume as fields, only what is said of it."""
    if volume is None:
        return None
    known = {"gib": volume.gib, "type": volume.type, "encrypted": volume.encrypted}
    return {key: value for key, value in known.items() if value is not None}


def hash_of(secret: str | None) -> str | None:
    """How a text that must not be shown is told from another one."""
    return f"sha256:{hashlib.sha256(secret.encode()).hexdigest()[:12]}" if secret is not None else None


def new_fields(fields: Mapping[str, object], only: Collection[str]) -> tuple[FieldChange, ...]:
    """The fields of something that was not there before, without those that say nothing."""
    return tuple(
        FieldChange(path, None, fields[path])
        for path in only
        if fields.get(path) not in (None, [], {}, False, "")
    )


def differing_fields(
    before: Mapping[str, object], after: Mapping[str, object], only: Collection[str]
) -> tuple[FieldChange, ...]:
    """The fields that differ, by dotted path in the order of `only`; lists are compared whole."""
    return tuple(
        change
        for name in only
        if before.get(name) != after.get(name)
        for change in inner_differences(name, before.get(name), after.get(name))
    )


def inner_differences(name: str, before: object, after: object) -> tuple[FieldChange, ...]:
    """Where exactly two values of one field differ: down to the keys of mappings, no deeper."""
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return (FieldChange(name, before, after),)
    from deepdiff import DeepDiff  # noqa: PLC0415 - slow to load, and seldom needed

    found = DeepDiff(dict(before), dict(after), view="tree")
    keys = {str(level.path(output_format="list")[0]) for levels in found.values() for level in levels}
    return tuple(FieldChange(f"{name}.{key}", before.get(key), after.get(key)) for key in sorted(keys))
