"""The names of images on a service: an account has each only once, although several service files may lead
to it."""

from __future__ import annotations

from extenci.model.desired import DesiredImage
from extenci.model.observed import Image
from extenci.model.version import Version
from extenci.plan.inputs import PlanInputs
from extenci.plan.service_index import ServiceIndex


def name_of(inputs: PlanInputs, spec: DesiredImage, version: Version, *, names_service: bool) -> str:
    """The name of a version's image on its service."""
    service = spec.address.service if names_service else None
    return version.image_name(spec.address.name, inputs.desired.stack, service)


def needs_service(inputs: PlanInputs, index: ServiceIndex, spec: DesiredImage, version: Version) -> bool:
    """Whether the name of a new image must contain that of its service: the stack's image on another service
    has the plain name already, or the specs ask for one at the same endpoint, which may be of the same
    account. Images that are there keep their names."""
    plain = name_of(inputs, spec, version, names_service=False)
    has_twin = any(is_twin(inputs, index, spec, other) for other in inputs.images.values())
    return has_twin or any(is_of_other_service(inputs, index, one) for one in index.named.get(plain, ()))


def is_twin(inputs: PlanInputs, index: ServiceIndex, spec: DesiredImage, other: DesiredImage) -> bool:
    """Whether two specs are for images of the same name on two services with one endpoint."""
    if other.address.name != spec.address.name or other.address.service == spec.address.service:
        return False
    return index.service.may_share_account(inputs.desired.services[other.address.service])


def is_of_other_service(inputs: PlanInputs, index: ServiceIndex, image: Image) -> bool:
    """Whether an image is the stack's own on another service of the account, by its marks or the records."""
    if image.marks is not None and image.marks.stack == inputs.desired.stack:
        return image.marks.service != index.service.name
    return any(
        record.id == image.id and record.service != index.service.name for record in inputs.records.resources
    )
