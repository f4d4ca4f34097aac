"""Whether an image stands on a bundle, or may.

What is not seen is no evidence: lists may lack what was made a moment ago, and not every service says which
bundle an image stands on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from extenci.cloud.clients import Clients
from extenci.model.abilities import Ability
from extenci.model.journal import History
from extenci.model.observed import Image
from extenci.stage.bundle.location import BundleLocation, bundle_folder
from extenci.stage.context import StageContext
from extenci.stage.s3_import.location import folder_of
from extenci.stage.waiting import look_while_hidden

RECENT_SECONDS = 600.0
"""How long an image that was registered counts as there although no list shows it."""


def may_be_in_use(location: BundleLocation, images: Iterable[Image]) -> bool:
    """Whether one of the images stands on a bundle, or may, since the service does not say on which."""
    return any(_may_stand_on(image, location) for image in images)


def _may_stand_on(image: Image, location: BundleLocation) -> bool:
    if image.manifest is not None:
        return image.manifest == location.manifest
    if image.name == location.image_name:
        return True
    marks = image.marks
    if marks is None or image.snapshots or image.name.startswith(f"{marks.name}-{marks.stack}-"):
        return False
    folders = (bundle_folder(marks.stack, marks.service), folder_of(marks.stack, marks.service))
    is_of_stack = location.prefix.startswith(folders)  # and the service has given it another name
    return is_of_stack and location.image_name.startswith(f"{marks.name}-{marks.stack}-")


def is_expected(location: BundleLocation, clients: Clients, history: History, now: float) -> bool:
    """Whether an image of a bundle was registered so lately that lists may lack it. `now` is in seconds since
    the epoch."""
    if clients.abilities.has(Ability.CONSISTENT):
        return False
    made = history.registration(location.manifest)
    return made is not None and made.image is not None and now - made.at < RECENT_SECONDS


def find_use(location: BundleLocation, context: StageContext) -> bool:
    """Whether an image stands on a bundle, or may. Where it is not known whether one was registered, it is
    looked for until it would show. ServiceError and its kinds; Interrupted."""
    made = context.history.registration(location.manifest)
    made_at = made.at if made is not None and made.image is None else -math.inf

    def look() -> bool | None:
        return may_be_in_use(location, context.clients.ec2.images()) or None

    return look_while_hidden(look, context, made_at) or False
