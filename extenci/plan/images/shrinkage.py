"""Warns of a disk that is far smaller than the one before: perhaps it is the wrong file, or not all of it."""

from __future__ import annotations

from extenci.model.observed import Image
from extenci.model.version import BLOCK_BYTES, GIB, shown_source
from extenci.plan.images.lookup import MissingImage
from extenci.plan.images.reasons import other_versions
from extenci.plan.inputs import PlanInputs
from extenci.plan.service_index import ServiceIndex, newest_first

SHARE = 100
"""A disk that has no more than this part of the size before is warned of."""


def shrinkage_warning(inputs: PlanInputs, index: ServiceIndex, missing: MissingImage) -> str:
    """A warning where the disk of a missing image, or the data on it, has a hundredth of the size before, or
    less; else ""."""
    others, disk = other_versions(index, missing), missing.content.disk
    if disk is None or not others:
        return ""
    before = newest_first(others)[0]
    facts = recorded_sizes(inputs, missing, before)
    size, blocks = facts.get("bytes", volume_bytes(inputs, missing, before)), facts.get("blocks", 0)
    if disk.size * SHARE <= size:
        what = f"has {disk.size:,} bytes, that of {before.id} before it {size:,}"
    elif disk.blocks * SHARE <= blocks:
        data, data_before = disk.blocks * BLOCK_BYTES, blocks * BLOCK_BYTES
        what = f"has {data:,} bytes that are not zeros, that of {before.id} before it {data_before:,}"
    else:
        return ""
    source = shown_source(missing.spec.source)
    return (
        f"The new disk of {missing.spec.address} {what}: check whether {source} is the right file, and whole."
    )


def recorded_sizes(inputs: PlanInputs, missing: MissingImage, image: Image) -> dict[str, int]:
    """The sizes of an image's disk that were recorded when it was staged, by their names in the records."""
    records = inputs.recorded.get(missing.spec.address, ())
    facts = next((record.facts for record in records if record.id == image.id), {})
    return {name: value for name in ("bytes", "blocks") if isinstance(value := facts.get(name), int)}


def volume_bytes(inputs: PlanInputs, missing: MissingImage, image: Image) -> int:
    """The bytes that the disk of an image has at least, by its volume, which has the disk's size in GiB,
    rounded up; 0 where a spec asks for a larger one."""
    applied = inputs.applied(missing.spec.address) or {}
    is_larger = missing.spec.gib is not None or applied.get("size") is not None
    return 0 if is_larger or not image.gib else (image.gib - 1) * GIB
