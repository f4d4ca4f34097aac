"""Work on machines that several steps share: finding the image to launch, and ending machines."""

from __future__ import annotations

from collections.abc import Iterable

from extenci.apply.context import ChangeContext
from extenci.launch import engines
from extenci.launch.key_pairs import delete_key_pair
from extenci.model.errors import PlanError
from extenci.model.observed import MachineHandle
from extenci.model.work import ImageToLaunch


def image_to_launch(image: ImageToLaunch, context: ChangeContext) -> str:
    """The id of the image to launch. PlanError where the change that should have made it made none."""
    found = image.id or context.made_by(image.staged_by).image
    if found is None:
        raise PlanError(f"The change {image.staged_by} made no image to launch from.")
    return found


def end_machines(handles: Iterable[MachineHandle], context: ChangeContext) -> None:
    """End machines, through their jobs where they have some; wait until they are gone, and forget them."""
    context.records.forget(engines.end(tuple(handles), context.launching()))


def delete_key_pairs(names: Iterable[str], context: ChangeContext) -> None:
    """Delete key pairs, and the files of their private keys that are here."""
    for name in names:
        delete_key_pair(name, context.launching())
