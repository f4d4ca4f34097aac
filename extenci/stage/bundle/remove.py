"""Removing bundles: with their images, or because none was registered."""

from __future__ import annotations

from extenci.cloud.aws.s3 import is_forbidden
from extenci.cloud.journalled.intents import Operation
from extenci.model.abilities import Ability
from extenci.model.errors import AccessRefused, ServiceError
from extenci.model.journal import is_sure
from extenci.model.observed import Image
from extenci.model.record import DELETE_BUNDLE, Intent
from extenci.stage.bundle.leftovers import bundle_of
from extenci.stage.bundle.location import (
    BundleLocation,
    location_of_image,
    may_be_in_use,
    possible_prefixes,
)
from extenci.stage.context import StageContext


def delete(location: BundleLocation, context: StageContext, operation: Operation) -> None:
    """Delete every object of a bundle. ServiceError and its kinds where some stay."""
    found = context.clients.s3.list_objects(location.bucket, f"{location.prefix}.")
    keys = [one.key for one in found if location.has(one.key)]
    context.changes.s3.delete_objects(location.bucket, keys, within=operation)


def remove(location: BundleLocation, context: StageContext, operation: Operation) -> None:
    """Delete a bundle. One that these credentials may not delete stays, with a note to the user: trying again
    would not help. Expired credentials are an error: with new ones, the next run deletes it."""
    try:
        delete(location, context, operation)
    except AccessRefused as error:
        if not is_forbidden(error):
            raise
        context.note(f"The bundle {location.prefix} stays in the bucket {location.bucket}: {error.message}")


def remove_image(image: Image, context: StageContext) -> bool:
    """Deregister an image and delete its bundle; False where extenci keeps no bundle of it. The image goes
    first: nothing may be launched from a deleted bundle."""
    locations = find_bundles(image, context)
    if not locations:
        return False
    requests = [{"bucket": one.bucket, "key": one.prefix} for one in locations]
    operations = [context.changes.begin(DELETE_BUNDLE, request=shown) for shown in requests]
    try:
        context.changes.ec2.deregister_image(image.id)
    except ServiceError as error:
        if is_sure(error):
            for operation in operations:
                operation.failed(error.message)
        raise
    for location, operation, shown in zip(locations, operations, requests, strict=True):
        remove(location, context, operation)  # where that fails, the next run deletes the rest
        operation.done(shown)
    return True


def find_bundles(image: Image, context: StageContext) -> list[BundleLocation]:
    """Where the bundles of an image lie: where the service says, or else wherever there are some of its
    name. No two images have the same name."""
    bucket = context.clients.service.bucket
    if bucket is None:
        return []
    if (location := location_of_image(image, bucket)) is not None:
        return [location]
    if context.clients.abilities.has(Ability.IMAGE_LOCATION):
        return []
    prefixes = {
        bundle_of(one.key)
        for prefix in possible_prefixes(image)
        for one in context.clients.s3.list_objects(bucket, prefix)
    }
    locations = (BundleLocation(bucket, prefix) for prefix in sorted(prefixes))
    return [location for location in locations if location.name.startswith(f"{image.name}.")]


def recover(intent: Intent, context: StageContext) -> None:
    """Remove a bundle whose run died before it was registered or removed, unless an image uses it.
    ServiceError and its kinds."""
    location = BundleLocation(str(intent.request.get("bucket", "")), str(intent.request.get("key", "")))
    operation = context.changes.resume(intent)
    if may_be_in_use(location, context.clients.ec2.images()):
        operation.done({"kept": location.manifest})
        return
    remove(location, context, operation)
    if intent.call == DELETE_BUNDLE:
        operation.done({"gone": location.manifest})
    else:
        operation.failed("no image came of it, and nothing of it is left")
