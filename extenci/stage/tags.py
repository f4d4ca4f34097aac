"""Tags of new resources: read back where they went into the creating call, and put on where they did not
stick."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from extenci.cloud.journalled.intents import Operation
from extenci.model.abilities import Ability
from extenci.model.errors import AccessRefused, ServiceError, Throttled, Unreachable
from extenci.model.observed import Image, Machine, Snapshot
from extenci.model.service import Tagging
from extenci.model.text import counted
from extenci.stage.context import ServiceContext
from extenci.stage.waiting import once_visible, wait_for

VISIBLE_SECONDS = 120.0
"""How long a service may take to find a resource that it has just created."""
SETTLED_SECONDS = 10.0
"""How long tags may take to show after the resource does."""
LATE_SECONDS = 60.0
"""How long they are awaited before a service counts as one that keeps none."""


def ensure_tags(
    creation: Ability,
    ids: Sequence[str],
    tags: Mapping[str, str],
    context: ServiceContext,
    *,
    at_creation: Mapping[str, str] | None = None,
) -> None:
    """Make sure that new resources carry their tags. `creation` is the ability to set them at creation, and
    `at_creation` what the creating call was given.

    Where the service is known to set them then, nothing is left to do. Otherwise the resources are read back,
    tags that are missing are put on, and what that shows of the service is learned. ServiceError where the
    service keeps no tags.
    """
    if context.tagging(creation) is not Tagging.AFTER or not tags or not ids:
        return
    missing = list(ids)
    if at_creation:
        missing = _untagged(creation, ids, at_creation, context)
        kept = f"{len(ids) - len(missing)} of {len(ids)} carried them when read back"
        context.clients.abilities.learn(creation, not missing, kept)
        missing = missing if at_creation == tags else list(ids)
    if missing:
        put_tags(missing, tags, context, creation)


def put_tags(
    ids: Sequence[str],
    tags: Mapping[str, str],
    context: ServiceContext,
    creation: Ability,
    *,
    within: Operation | None = None,
) -> None:
    """Put tags on resources as soon as the service finds them. ServiceError where that takes too long, or
    they do not stick."""
    book, ec2 = context.clients.abilities, context.changes.ec2
    what = f"{counted(len(ids), 'new resource')} could be tagged"
    try:
        once_visible(lambda: ec2.create_tags(ids, tags, within=within), context, VISIBLE_SECONDS, what)
    except (AccessRefused, Throttled, Unreachable):
        raise
    except ServiceError as error:
        if not error.code or book.has(Ability.CREATE_TAGS):
            raise
        book.learn(Ability.CREATE_TAGS, False, f"CreateTags: {error.code}")
        raise no_tags(context) from error
    if not book.is_open(Ability.CREATE_TAGS):
        return
    left = _untagged(creation, ids, tags, context, settled_seconds=LATE_SECONDS)
    book.learn(Ability.CREATE_TAGS, not left, f"{len(left)} of {len(ids)} lacked their tags when read back")
    if left:
        raise no_tags(context)


def no_tags(context: ServiceContext) -> ServiceError:
    """The error of a service on which nothing can be tagged."""
    service = context.clients.service
    return ServiceError(
        f"The service {service.name} keeps no tags (ability {Ability.CREATE_TAGS}), so nothing that is made "
        "there shows whose it is. What was made so far is in the records.",
        f"Set `tags: none` in {service.file or 'its file'}: then the records alone say what is extenci's.",
        service=service.name,
        call="CreateTags",
    )


def _untagged(
    creation: Ability,
    ids: Sequence[str],
    tags: Mapping[str, str],
    context: ServiceContext,
    *,
    settled_seconds: float = 0.0,
) -> list[str]:
    """The resources that lack a tag, once all of them show. Those with other tags had `SETTLED_SECONDS` to
    show these, and those without any had `settled_seconds`."""
    visible_at: float | None = None

    def look() -> list[str] | None:
        nonlocal visible_at
        found = {one.id: one.tags for one in _read(creation, ids, context)}
        if len(found) < len(set(ids)):
            return None
        left = [id_ for id_ in ids if not tags.items() <= found[id_].items()]
        visible_at = context.clock() if visible_at is None else visible_at
        patience = SETTLED_SECONDS if any(found[id_] for id_ in left) else settled_seconds
        is_settled = context.clock() - visible_at >= max(patience, settled_seconds)
        return left if not left or is_settled else None

    return wait_for(look, context, VISIBLE_SECONDS, f"{counted(len(ids), 'new resource')} showed")


def _read(
    creation: Ability, ids: Collection[str], context: ServiceContext
) -> Sequence[Image | Snapshot | Machine]:
    ec2 = context.clients.ec2
    match creation:
        case Ability.TAG_IMAGE:
            return [image for image in ec2.images() if image.id in ids]
        case Ability.TAG_SNAPSHOT:
            return ec2.snapshots_by_id(ids)
        case _:
            return ec2.machines_by_id(ids)
