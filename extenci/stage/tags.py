"""Tags on services that take them only after a resource was created."""

from __future__ import annotations

from collections.abc import Mapping

from extenci.cloud.journalled.intents import Operation
from extenci.model.service import Tagging
from extenci.stage.context import ServiceContext
from extenci.stage.waiting import once_visible

VISIBLE_SECONDS = 120.0
"""How long a service may take to find a resource that it has just created."""


def tag_after_creation(resource: str, tags: Mapping[str, str], context: ServiceContext) -> None:
    """Put the tags on a new resource where the creating call could not."""
    if context.tagging is Tagging.AFTER and tags:
        tag_once_visible(resource, tags, context)


def tag_once_visible(
    resource: str, tags: Mapping[str, str], context: ServiceContext, *, within: Operation | None = None
) -> None:
    """Put tags on a resource as soon as the service finds it. ServiceError where that takes too long."""
    ec2 = context.changes.ec2
    once_visible(
        lambda: ec2.create_tags([resource], tags, within=within),
        context,
        VISIBLE_SECONDS,
        f"{resource} could be tagged",
    )
