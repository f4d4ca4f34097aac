"""An image goes, and its snapshots with it where nothing else uses them."""

from __future__ import annotations

from collections.abc import Sequence

from extenci.model.errors import InUse, NotFound
from extenci.model.journal import written_down
from extenci.model.record import DELETE_BUNDLE
from extenci.stage.bundle.location import BundlePlace, place_of_image, remove
from extenci.stage.context import StageContext

RELEASE_PAUSES = (0.5, 1.0, 2.0)
"""Seconds between attempts: a service may take a moment to see that the image on a snapshot is gone."""


def unstage(image: str | None, snapshots: Sequence[str], context: StageContext) -> tuple[str, ...]:
    """Deregister an image (None: there is none) and delete snapshots, or the bundle that extenci made for it;
    warnings.

    What is gone already is no error. A snapshot that something else uses stays, with a warning.
    """
    if image is not None:
        place = None if snapshots else _bundle_of(image, context)
        if place is None:
            _deregister(image, context)
        else:
            _remove_bundle(image, place, context)
    pauses = RELEASE_PAUSES if image is not None else ()
    warnings = (_delete(snapshot, pauses, context) for snapshot in snapshots)
    return tuple(warning for warning in warnings if warning is not None)


def _bundle_of(image: str, context: StageContext) -> BundlePlace | None:
    bucket = context.clients.service.bucket
    if bucket is None:
        return None
    found = next((one for one in context.clients.ec2.images() if one.id == image), None)
    return place_of_image(found, bucket) if found is not None else None


def _remove_bundle(image: str, place: BundlePlace, context: StageContext) -> None:
    """The image first: nothing is to be run from what is not there."""
    request = {"bucket": place.bucket, "key": place.prefix}
    with written_down(context.calls, DELETE_BUNDLE, request=request) as settle:
        _deregister(image, context)
    remove(place, context)  # where that is refused, the call stays open: the next run removes the rest
    settle(request)


def _deregister(image: str, context: StageContext) -> None:
    with written_down(context.calls, "DeregisterImage", request={"image": image}) as settle:
        try:
            context.clients.ec2.deregister_image(image)
        except NotFound:
            settle({"image": image, "gone": True})
        else:
            settle({"image": image})


def _delete(snapshot: str, pauses: Sequence[float], context: StageContext) -> str | None:
    with written_down(context.calls, "DeleteSnapshot", request={"snapshot": snapshot}) as settle:
        for pause in (*pauses, None):
            try:
                context.clients.ec2.delete_snapshot(snapshot)
            except NotFound:
                settle({"snapshot": snapshot, "gone": True})
                return None
            except InUse as error:
                if pause is None:
                    settle({"snapshot": snapshot, "kept": error.code})
                    return f"The snapshot {snapshot} stays: something else uses it. {error.message}"
                context.pause(pause)
            else:
                settle({"snapshot": snapshot})
                return None
    return None
