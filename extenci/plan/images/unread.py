"""Pinned sources that must be read before a plan can be made: only those that will be uploaded.

The content of a pinned source is known from what is staged of it. Where it is staged already, neither the
file nor a download of it is needed.
"""

from __future__ import annotations

from collections.abc import Mapping

from extenci.model.address import Address
from extenci.model.desired import Desired, DesiredImage
from extenci.model.observed import Observation
from extenci.model.record import Records
from extenci.model.version import Disk
from extenci.plan.images.content import find_content
from extenci.plan.images.lookup import MissingImage, look_for, needed_images
from extenci.plan.images.snapshots import find_source
from extenci.plan.inputs import PlanInputs, gather_inputs
from extenci.plan.service_index import ServiceIndex


def images_to_read(
    desired: Desired, disks: Mapping[Address, Disk], observation: Observation, records: Records
) -> tuple[DesiredImage, ...]:
    """The pinned images whose source must be read, since neither `disks` nor the services tell enough."""
    inputs = gather_inputs(desired, observation, records, disks=disks)
    return tuple(
        spec
        for index in inputs.indexes.values()
        for spec in needed_images(inputs, index)
        if spec.sha256 is not None
        and spec.address not in desired.selection.excluded
        and is_to_read(inputs, index, spec)
    )


def is_to_read(inputs: PlanInputs, index: ServiceIndex, spec: DesiredImage) -> bool:
    """Whether the content of a spec's disk is unknown, or no snapshot of it can be registered."""
    content = find_content(inputs, index, spec)
    if isinstance(content, str):
        return spec.address not in inputs.disks
    if content.disk is not None:
        return False
    found = look_for(inputs, index, spec)
    return isinstance(found, MissingImage) and find_source(index, content.version, spec.address) is None
