"""An order for machines, as every engine takes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from extenci.cloud.aws.requests.parameters import LaunchRequest
from extenci.launch.context import LaunchContext
from extenci.model.abilities import Ability
from extenci.model.desired import DesiredGroup
from extenci.model.ownership import ROLE, Role, owner_code


@dataclass(frozen=True)
class LaunchOrder:
    """`count` machines of a group to launch from an image; `tags` are the planned ones. Progress counts
    `before` machines that run already, of `total`."""

    group: DesiredGroup
    image: str
    count: int
    tags: Mapping[str, str]
    before: int = 0
    total: int = 0


def request_of(order: LaunchOrder, count: int, token: str, context: LaunchContext) -> LaunchRequest:
    """The request to launch `count` machines of an order."""
    return LaunchRequest(
        image=order.image,
        settings=order.group.settings,
        count=count,
        token=token,
        tags=context.tags_at_creation(context.tags(order.tags), Ability.TAG_INSTANCE),
    )


def unused_token(order: LaunchOrder, context: LaunchContext, is_used: Callable[[str], bool]) -> str:
    """A token that no machine was launched with, and that tells whose its machines are. A run under the id of
    a saved plan whose journal was lost would otherwise repeat an old token, and the service would answer with
    the old machines, dead or alive."""
    step, owner = context.count_calls(), owner_code(context.stack, context.address, Role(order.tags[ROLE]))
    while not context.is_new and is_used(context.token(step, owner)):
        step += 1
    return context.token(step, owner)
