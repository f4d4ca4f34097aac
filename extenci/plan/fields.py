"""The wishes of the specs as fields, under the names that the specs use."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict

from extenci.model.address import Address
from extenci.model.desired import DesiredGroup, DesiredImage, LaunchSettings, RootVolume
from extenci.model.ownership import PREFIX, PROTECT, SOURCE_SHA256
from extenci.model.verification import Check, Verify
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


APPLIED_FROM = "applied_from"
"""Among the fields of an AppliedRecord: the folder of the root."""


def desired_fields(spec: DesiredImage | DesiredGroup) -> dict[str, object]:
    """The fields of a spec, by its own names: JSON values, user data by its hash only. These are the
    `fields` of an AppliedRecord once the spec is fully applied."""
    match spec:
        case DesiredImage():
            return image_fields(spec)
        case DesiredGroup():
            return group_fields(spec)


def image_fields(spec: DesiredImage) -> dict[str, object]:
    """An image's spec as fields."""
    return {
        "source": shown_source(spec.source),
        "sha256": spec.sha256,
        "raw": spec.raw,
        "architecture": str(spec.architecture),
        "boot_mode": str(spec.boot_mode) if spec.boot_mode else None,
        "method": str(spec.method),
        "size": spec.gib,
        "keep": spec.keep,
        "protect": spec.protect,
        "tags": dict(sorted(spec.tags.items())),
        "verify": verify_fields(spec.verify) if spec.verify else None,
    }


def group_fields(spec: DesiredGroup) -> dict[str, object]:
    """An instance group's spec as fields."""
    return {
        "image": spec.image.name if isinstance(spec.image, Address) else spec.image.id,
        "count": spec.count,
        "launch": str(spec.launch),
        **settings_fields(spec.settings),
        "tags": dict(sorted(spec.tags.items())),
        "update": {"max_unavailable": spec.max_unavailable},
        "launch_timeout": spec.launch_timeout,
        "protect": spec.protect,
    }


def verify_fields(verify: Verify) -> dict[str, object]:
    """A verify block as fields, each check being a mapping. Paths are relative to the spec root."""
    return {
        "launch": str(verify.launch),
        **settings_fields(verify.settings),
        "address": str(verify.address),
        "timeout": verify.timeout,
        "confirm": verify.confirm,
        "confirm_within": verify.confirm_within,
        "keep_on_failure": verify.keep_on_failure,
        "checks": [check_fields(check.relative_to(verify.root)) for check in verify.checks],
    }


def check_fields(check: Check) -> dict[str, object]:
    """A check as fields, without those that are None."""
    fields = asdict(check).items()
    return said({name: list(value) if isinstance(value, tuple) else value for name, value in fields})


def settings_fields(settings: LaunchSettings) -> dict[str, object]:
    """Launch settings as fields."""
    return {
        "type": settings.type,
        "key_name": settings.key_name,
        "user_data": hash_of(settings.user_data),
        "security_groups": sorted(settings.security_groups),
        "subnet": settings.subnet,
        "availability_zone": settings.availability_zone,
        "instance_profile": settings.instance_profile,
        "root_volume": volume_fields(settings.root_volume),
        "spot_price": settings.spot_price,
    }


def volume_fields(volume: RootVolume | None) -> dict[str, object] | None:
    """A root volume as fields, without those that are None."""
    if volume is None:
        return None
    return said({"gib": volume.gib, "type": volume.type, "encrypted": volume.encrypted})


def mark_fields(tags: Mapping[str, str]) -> dict[str, object]:
    """The fields of a spec that its resources' tags carry, under the names that specs use."""
    own = {key: value for key, value in tags.items() if not key.startswith(PREFIX)}
    return {"protect": tags.get(PROTECT) == "true", "sha256": tags.get(SOURCE_SHA256), "tags": own}


def said(values: Mapping[str, object]) -> dict[str, object]:
    """Fields without those that are None."""
    return {name: value for name, value in values.items() if value is not None}


def hash_of(secret: str | None) -> str | None:
    """A hash in place of a text that must not be shown."""
    return f"sha256:{hashlib.sha256(secret.encode()).hexdigest()[:12]}" if secret is not None else None
