"""An image goes, and its snapshots with it where nothing else uses them."""

from __future__ import annotations

from collections.abc import Sequence

from extenci.model.errors import ThingInUse, ThingNotFound
from extenci.model.journal import written_down
from extenci.stage.job import Means

RELEASE_PAUSES = (0.5, 1.0, 2.0)
"""Seconds between attempts: a service may take a moment to see that the image on a snapshot is gone."""


def unstage(image: str | None, snapshots: Sequence[str], means: Means) -> tuple[str, ...]:
    """Deregister an image (None: there is none) and delete snapshots; warnings.

    What is gone already is no error. A snapshot that something else uses stays, with a warning.
    """
    if image is not None:
        _deregister(image, means)
    pauses = RELEASE_PAUSES if image is not None else ()
    warnings = (_delete(snapshot, pauses, means) for snapshot in snapshots)
    return tuple(warning for warning in warnings if warning is not None)


def _deregister(image: str, means: Means) -> None:
    with written_down(means.calls, "DeregisterImage", request={"image": image}) as settle:
        try:
            means.clients.ec2.deregister_image(image)
        except ThingNotFound:
            settle({"image": image, "gone": True})
        else:
            settle({"image": image})


def _delete(snapshot: str, pauses: Sequence[float], means: Means) -> str | None:
    with written_down(means.calls, "DeleteSnapshot", request={"snapshot": snapshot}) as settle:
        for pause in (*pauses, None):
            try:
                means.clients.ec2.delete_snapshot(snapshot)
            except ThingNotFound:
                settle({"snapshot": snapshot, "gone": True})
                return None
            except ThingInUse as error:
                if pause is None:
                    settle({"snapshot": snapshot, "kept": error.code})
                    return f"The snapshot {snapshot} stays: something else uses it. {error.message}"
                means.pause(pause)
            else:
                settle({"snapshot": snapshot})
                return None
    return None
