"""Wishes as fields under the names that the specs use, and the differences between them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

from extenci.model.address import Address
from extenci.model.desired import ImageWish, InstancesWish, RootVolume
from extenci.model.plan import FieldChange
from extenci.model.source import shown_source

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


def wish_fields(wish: ImageWish | InstancesWish) -> dict[str, object]:
    """What a wish asks for, by the spec's own names: JSON values, user data by its hash only."""
    match wish:
        case ImageWish():
            return image_fields(wish)
        case InstancesWish():
            return group_fields(wish)


applied_fields = wish_fields
"""What goes into an AppliedRecord's `fields` once a wish is fully applied."""


def image_fields(wish: ImageWish) -> dict[str, object]:
    """An image's wish as fields."""
    return {
        "source": shown_source(wish.source),
        "sha256": wish.sha256,
        "architecture": str(wish.architecture),
        "boot_mode": str(wish.boot_mode) if wish.boot_mode else None,
        "method": str(wish.method),
        "size": wish.gib,
        "keep": wish.keep,
        "protect": wish.protect,
        "tags": dict(sorted(wish.tags.items())),
    }


def group_fields(wish: InstancesWish) -> dict[str, object]:
    """An instance group's wish as fields."""
    settings = wish.settings
    return {
        "image": wish.image.name if isinstance(wish.image, Address) else wish.image.id,
        "type": settings.type,
        "count": wish.count,
        "launch": str(wish.launch),
        "key_name": settings.key_name,
        "user_data": hash_of(settings.user_data),
        "security_groups": sorted(settings.security_groups),
        "subnet": settings.subnet,
        "availability_zone": settings.availability_zone,
        "instance_profile": settings.instance_profile,
        "root_volume": volume_fields(settings.root_volume),
        "spot_price": settings.spot_price,
        "tags": dict(sorted(wish.tags.items())),
        "update": {"max_unavailable": wish.max_unavailable},
        "launch_timeout": wish.launch_timeout,
        "protect": wish.protect,
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
