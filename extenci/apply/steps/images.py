"""The image that staging and registering make: its name, and its record."""

from __future__ import annotations

from extenci.apply.context import ChangeContext
from extenci.model.outcome import Made, Outcome, Status
from extenci.model.record import ResourceKind
from extenci.model.work import RegisterWork, StageWork
from extenci.stage.context import StagedImage


def image_name(work: StageWork | RegisterWork, context: ChangeContext) -> str:
    """The name of the image on the service."""
    address = context.change.address
    service = address.service if work.names_service else None
    return work.version.image_name(address.name, context.run.stack, service)


def staged(image: StagedImage, work: StageWork | RegisterWork, context: ChangeContext) -> Outcome:
    """Record an image and its snapshot; the outcome of the change that made them."""
    facts: dict[str, str | int] = {"manifest": image.manifest} if image.manifest else {}
    if isinstance(work, StageWork):
        facts |= {"bytes": work.size, "blocks": work.blocks}
    context.records.remember(ResourceKind.IMAGE, [image.image], work.tags, facts)
    if image.snapshot:
        context.records.remember(ResourceKind.SNAPSHOT, [image.snapshot], work.tags)
    return Outcome(context.change.id, Status.DONE, made=Made(image.image, image.snapshot))
