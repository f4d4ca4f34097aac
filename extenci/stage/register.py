"""Registering images, of snapshots or bundles. The image's name makes that idempotent."""

from __future__ import annotations

from collections.abc import Mapping

from extenci.cloud.aws.requests.parameters import RegisterRequest
from extenci.model.abilities import Ability
from extenci.model.errors import ServiceError
from extenci.model.observed import Image, ImageState
from extenci.model.ownership import SERVICE, STACK, VERSION
from extenci.model.version import Method, Registration
from extenci.stage.context import ServiceContext, StageContext, StagedImage, StageRequest
from extenci.stage.snapshots import discard
from extenci.stage.tags import ensure_tags
from extenci.stage.waiting import look_while_hidden, wait_for

AVAILABLE_SECONDS = 900.0
"""How long a service may take to make a registered image available."""
DUPLICATE = "InvalidAMIName.Duplicate"
"""The code where an image of that name exists (EC2 API reference, RegisterImage)."""

_VOLUME_TYPES = {Method.EBS: "gp3"}
"""AWS defaults to gp2, which costs more and is slower. Services without EBS direct decide for themselves."""


def register(
    name: str,
    snapshot: str | None,
    registration: Registration,
    tags: Mapping[str, str],
    context: ServiceContext,
    *,
    location: str | None = None,
) -> StagedImage:
    """Register an image of a snapshot, or of the bundle whose manifest lies at `location` (`BUCKET/KEY`), and
    wait until it is available.

    An image of that name that is extenci's already, by its snapshot or its marks, is returned instead, with
    the snapshot it has. ServiceError where the name is someone else's, or the service fails to make the
    image.
    """
    request = RegisterRequest(
        name=name,
        snapshot=snapshot,
        registration=registration,
        tags=context.tags_at_creation(tags, Ability.TAG_IMAGE),
        volume_type=_VOLUME_TYPES.get(registration.method),
        location=location,
    )
    staged = _register(request, tags, context)
    ensure_tags(Ability.TAG_IMAGE, [staged.image], tags, context, at_creation=request.tags)
    _wait_until_available(staged.image, name, context)
    return staged


def register_snapshot(snapshot: str, request: StageRequest, context: StageContext) -> StagedImage:
    """Register a request's image of the snapshot that was made for it; see `register`. Where another run
    staged the same version at the same time, its image is returned and this snapshot deleted."""
    staged = register(request.name, snapshot, request.version.registration, request.tags, context)
    if staged.snapshot != snapshot:
        discard(snapshot, context)
    return staged


def _register(request: RegisterRequest, tags: Mapping[str, str], context: ServiceContext) -> StagedImage:
    try:
        image = context.changes.ec2.register_image(request, tags)
        return StagedImage(image, request.snapshot, request.location)
    except ServiceError as error:
        if error.code != DUPLICATE:
            raise
        return _adopted(request, tags, context)


def _adopted(request: RegisterRequest, tags: Mapping[str, str], context: ServiceContext) -> StagedImage:
    """The image that has the name, if it is extenci's. It may have been registered a moment ago, and not show
    yet, or not its tags."""
    found: tuple[Image, ...] = ()

    def look() -> StagedImage | None:
        nonlocal found
        found = context.clients.ec2.images_by_name(request.name)
        return next((own for image in found if (own := _as_staged(image, request, tags))), None)

    adopted = look_while_hidden(look, context, context.now())
    if adopted is not None:
        return adopted
    raise _taken(request.name, found, tags, context)


def _taken(
    name: str, found: tuple[Image, ...], tags: Mapping[str, str], context: ServiceContext
) -> ServiceError:
    holder = found[0].id if found else "an image of another account"
    whose, advice = (
        "and it is not extenci's",
        "Deregister or rename that one, or take it over with `extenci import`.",
    )
    marks = found[0].marks if found else None
    if marks is not None and marks.stack == tags.get(STACK) and marks.service != tags.get(SERVICE):
        whose = f"which this stack has just made for its service {marks.service} of the same account"
        advice = "Apply again: the image gets a name of its own then."
    return ServiceError(
        f"The service {context.clients.service.name} has an image named {name} already, {holder}, {whose}.",
        advice,
        service=context.clients.service.name,
        call="RegisterImage",
        code=DUPLICATE,
    )


def _as_staged(image: Image, request: RegisterRequest, tags: Mapping[str, str]) -> StagedImage | None:
    if request.snapshot in image.snapshots:
        return StagedImage(image.id, request.snapshot)
    if request.location is not None and image.manifest == request.location:
        return StagedImage(image.id, None, request.location)
    if _has_marks(image, tags):
        return StagedImage(image.id, image.snapshots[0] if image.snapshots else None, image.manifest)
    return None


def _has_marks(image: Image, tags: Mapping[str, str]) -> bool:
    return all(key in tags and image.tags.get(key) == tags[key] for key in (STACK, SERVICE, VERSION))


def _wait_until_available(image: str, name: str, context: ServiceContext) -> None:
    def look() -> bool | None:
        for found in context.clients.ec2.images_by_name(name):
            match found.state:
                case ImageState.AVAILABLE if found.id == image:
                    return True
                case ImageState.FAILED if found.id == image:
                    raise _failed(image, name, context)
        return None

    wait_for(look, context, AVAILABLE_SECONDS, f"the image {image} was available")


def _failed(image: str, name: str, context: ServiceContext) -> ServiceError:
    return ServiceError(
        f"The service {context.clients.service.name} failed to make the image {image} ({name}).",
        "Apply again: the failed image is removed and made anew.",
        service=context.clients.service.name,
        call="RegisterImage",
    )
