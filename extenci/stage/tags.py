"""Tags on services that take them only after a thing was made."""

from __future__ import annotations

from collections.abc import Mapping

from extenci.model.address import Tagging
from extenci.model.journal import written_down
from extenci.stage.context import StageContext
from extenci.stage.waiting import once_visible

VISIBLE_SECONDS = 120.0


def tag_after_birth(resource: str, tags: Mapping[str, str], context: StageContext) -> None:
    """Put the tags on a new thing where the service could not take them as it was made."""
    if context.tagging is not Tagging.AFTER or not tags:
        return
    ec2 = context.clients.ec2
    with written_down(context.calls, "CreateTags", request={"resources": [resource]}, tags=tags) as settle:
        once_visible(
            lambda: ec2.create_tags([resource], tags), context, VISIBLE_SECONDS, f"{resource} could be tagged"
        )
        settle({})
