"""Removing an image, and its snapshots where nothing else uses them."""

from __future__ import annotations

from collections.abc import Sequence

from extenci.model.errors import InUse
from extenci.stage.context import StageContext
from extenci.stage.methods import METHODS

RELEASE_PAUSES = (0.5, 1.0, 2.0)
"""Seconds between attempts: a service may take a moment to see that the image on a snapshot is gone."""


def unstage(image: str | None, snapshots: Sequence[str], context: StageContext) -> tuple[str, ...]:
    """Deregister an image (None: there is none), and delete its snapshots, or the data that its method keeps
    for it; warnings.

    Resources that are gone already are no error. A snapshot that something else uses stays, with a warning.
    """
    if image is not None and (snapshots or not _remove_whole(image, context)):
        context.changes.ec2.deregister_image(image, snapshots=snapshots)
    pauses = RELEASE_PAUSES if image is not None else ()
    warnings = (_delete(snapshot, pauses, context) for snapshot in snapshots)
    return tuple(warning for warning in warnings if warning is not None)


def _remove_whole(image: str, context: StageContext) -> bool:
    """Whether a method keeps the image outside snapshots, and has removed it with its data."""
    if context.clients.service.bucket is None:
        return False
    found = next((one for one in context.clients.ec2.images() if one.id == image), None)
    return found is not None and any(method.remove(found, context) for method in METHODS.values())


def _delete(snapshot: str, pauses: Sequence[float], context: StageContext) -> str | None:
    for pause in (*pauses, None):
        try:
            context.changes.ec2.delete_snapshot(snapshot)
        except InUse as error:
            if pause is None:
                return f"The snapshot {snapshot} stays: something else uses it. {error.message}"
            context.pause(pause)
        else:
            return None
    return None
