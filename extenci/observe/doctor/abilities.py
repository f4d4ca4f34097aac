"""The abilities of a service: found out as far as reading shows them, and those that its settings need."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from extenci.model.abilities import TAGS_AT_CREATION, Ability
from extenci.model.errors import ServiceError
from extenci.model.finding import Finding, Level
from extenci.model.service import Service, Tagging
from extenci.plan.abilities import other_methods

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients

PROBED = (
    Ability.CREATE_TAGS,
    Ability.EBS_DIRECT,
    Ability.IMPORT_SNAPSHOT,
    Ability.CONSOLE,
    Ability.KEY_PAIRS,
    Ability.LIST_UPLOADS,
)
"""Abilities that a call of its own can show; lists show others as they are read."""


def check_abilities(clients: Clients, needed: Collection[Ability] = ()) -> Iterator[Finding]:
    """The table of a service's abilities, and problems with those that its settings, or the specs (`needed`),
    need. Only calls that read are sent."""
    service = clients.service
    if clients.abilities.is_open(Ability.INCLUDE_DISABLED):
        try:
            clients.ec2.images()
        except ServiceError as error:
            yield Finding(service.name, Level.PROBLEM, error.message, error.hint)
            return
    clients.probes.find_out(PROBED)
    now = clients.abilities.now
    yield Finding(service.name, Level.OK, "abilities", abilities=now)
    for need in filter(now.lacks, service.stage.abilities):
        others = other_methods(service.stage, now)
        yield Finding(
            service.name,
            Level.PROBLEM,
            f"Disks cannot be staged by `{service.stage}`: the service lacks {need}.",
            f"Set {others} in {file_of(service)}.",
        )
    for ability in sorted(set(needed) - {*service.stage.abilities, Ability.CREATE_TAGS}):
        if now.lacks(ability):
            text = f"The specs need what the service lacks: {ability} ({ability.meaning})."
            yield Finding(service.name, Level.PROBLEM, text, "`extenci plan` says what to set instead.")
    is_tagged_at_creation = all(now.has(one) for one in TAGS_AT_CREATION)
    if service.tags is not Tagging.NONE and now.lacks(Ability.CREATE_TAGS) and not is_tagged_at_creation:
        yield Finding(
            service.name,
            Level.PROBLEM,
            f"Nothing can be tagged: the service lacks {Ability.CREATE_TAGS}.",
            f"Set `tags: none` in {file_of(service)}, and then run `extenci catalog init {service.name}`.",
        )


def check_bucket(clients: Clients) -> Iterator[Finding]:
    """Whether the bucket for uploads is there, and these credentials may list it."""
    service = clients.service
    needs_bucket = service.stage.needs_bucket
    if service.bucket is None:
        if needs_bucket:
            yield Finding(
                service.name,
                Level.PROBLEM,
                f"`stage: {service.stage}` needs a bucket in S3, and the service names none.",
                f"Name one that you may write to as `bucket:` in {file_of(service)}.",
            )
        return
    try:
        next(clients.s3.list_objects(service.bucket, "extenci"), None)
    except ServiceError as error:
        level = Level.PROBLEM if needs_bucket else Level.WARNING
        yield Finding(service.name, level, error.message, error.hint)
    else:
        yield Finding(service.name, Level.OK, f"the bucket {service.bucket} can be listed")


def file_of(service: Service) -> str:
    """Where the service is set up, for messages."""
    return service.file or "the service's file"
