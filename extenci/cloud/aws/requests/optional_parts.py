"""Optional parts of requests, which not every service takes: sent where they may help, left out where the
service refuses them, and what its answers show is learned.

OpenStack's ec2-api answers a parameter that it does not know with HTTP 500, others with InvalidParameter or
UnknownParameter, and some ignore it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from extenci.cloud.aws.answers.retries import ATTEMPTS
from extenci.cloud.aws.error_codes import SPENT
from extenci.cloud.aws.session import ServiceSession
from extenci.model.abilities import SHOWN_ELSEWHERE, Ability
from extenci.model.errors import (
    AccessRefused,
    InUse,
    LimitReached,
    NotFound,
    ServiceError,
    Throttled,
    Unreachable,
    UnreadableAnswer,
)
from extenci.model.journal import is_sure

ATTEMPTS_AT_UNPROVEN = 4
"""At a changing call with a part that was never seen to be taken: a service that was ill for a moment must
not count as one that lacks something."""
MISMATCH = "IdempotentParameterMismatch"
"""The code for a token that stands for another request already."""

Parts = Mapping[Ability, Mapping[str, Any]]
"""Parameters of a call by the ability that they need."""
Answer = TypeVar("Answer")

_OTHER_REASONS = (
    AccessRefused,
    InUse,
    LimitReached,
    NotFound,
    Throttled,
    UnreadableAnswer,
    Unreachable,
)


def may_not_know(error: ServiceError) -> bool:
    """Whether a refusal may mean that the service does not know a part of the request."""
    return not isinstance(error, _OTHER_REASONS) and error.code != SPENT


def may_not_offer(error: ServiceError) -> bool:
    """Whether the failure of a whole call may mean that the service does not have it: something that answers
    it with web pages again and again, but other calls as it should, has not."""
    return may_not_know(error) or isinstance(error, UnreadableAnswer)


def ask(
    session: ServiceSession, parts: Parts, call: Callable[[Mapping[str, Any], int], Answer], detail: str
) -> Answer:
    """Make a call that reads, given the optional parameters and how many attempts to make. Where the service
    refuses, it is asked without the parts that neither its file nor documentation vouches for; ServiceError
    and its kinds where it refuses that, too. `detail` names the call."""
    book = session.abilities
    wanted = {ability: one for ability, one in parts.items() if not book.lacks(ability)}
    is_new = any(book.is_open(ability) for ability in wanted)
    unproven = [ability for ability in wanted if not book.is_given(ability)]
    try:
        answer = call(_merged(wanted), 1 if is_new else ATTEMPTS)
    except ServiceError as refusal:
        if not unproven or not may_not_know(refusal):
            raise
        return _ask_with_less(session, wanted, unproven, call, refusal, detail)
    for ability in unproven:
        book.learn(ability, True, f"{detail} took it")
    return answer


def _ask_with_less(
    session: ServiceSession,
    wanted: Parts,
    unproven: list[Ability],
    call: Callable[[Mapping[str, Any], int], Answer],
    refusal: ServiceError,
    detail: str,
) -> Answer:
    """Leave out each unproven part alone, then all of them. Only an answer teaches something: a service that
    refuses the bare call, too, may just be ill. One that was ill at the first call gets it once more."""
    for left_out in _less_and_less(unproven):
        kept = {ability: one for ability, one in wanted.items() if ability not in left_out}
        is_last = len(left_out) == len(unproven)
        try:
            answer = call(_merged(kept), ATTEMPTS if is_last else 1)
        except ServiceError as error:
            if is_last or not may_not_know(error):
                raise
            continue
        refused = left_out
        if not is_sure(refusal):
            with suppress(ServiceError):
                answer = call(_merged(wanted), 1)
                refused = frozenset()
        for ability in unproven:
            took = ability not in refused
            session.abilities.learn(ability, took, f"{detail} {'took' if took else 'refused'} it")
        return answer
    raise AssertionError("unproven is not empty")


def change(
    session: ServiceSession,
    parts: Parts,
    call: Callable[[Mapping[str, Any], int], Answer],
    find: Callable[[], Answer | None],
    detail: str,
) -> Answer:
    """Make a call that changes something, given the optional parameters and how many attempts to make. Where
    the service refuses parts that it was never seen to take, the call is made without them, unless `find`
    finds what it made all the same. ServiceError and its kinds."""
    book = session.abilities
    wanted = {ability: one for ability, one in parts.items() if book.now.sends(ability)}
    unproven = [ability for ability in wanted if book.is_open(ability)]
    if not unproven:
        return call(_merged(wanted), ATTEMPTS)
    try:
        answer = call(_merged(wanted), ATTEMPTS_AT_UNPROVEN)
    except ServiceError as refusal:
        if not may_not_know(refusal):
            raise
        return _change_with_less(session, wanted, unproven, call, find, refusal, detail)
    _learn(session, unproven, frozenset(), detail)
    return answer


def _change_with_less(
    session: ServiceSession,
    wanted: Parts,
    unproven: list[Ability],
    call: Callable[[Mapping[str, Any], int], Answer],
    find: Callable[[], Answer | None],
    refusal: ServiceError,
    detail: str,
) -> Answer:
    """Leave out each unproven part alone, then all of them."""
    for left_out in _less_and_less(unproven):
        if (made := find()) is not None:
            return made
        kept = {ability: one for ability, one in wanted.items() if ability not in left_out}
        is_last = len(left_out) == len(unproven)
        try:
            answer = call(_merged(kept), ATTEMPTS if is_last else 1)
        except ServiceError as error:
            if error.code == MISMATCH:  # the first call was carried out, and cannot be seen yet
                raise refusal from None
            if is_last or not may_not_know(error):
                raise
            continue
        if is_sure(refusal):
            _learn(session, unproven, left_out, detail)
        return answer
    raise AssertionError("unproven is not empty")


def _learn(
    session: ServiceSession, unproven: list[Ability], left_out: frozenset[Ability], detail: str
) -> None:
    """Learn from a changing call that was carried out. Tags that it took may still have been ignored: only
    reading them back tells."""
    for ability in unproven:
        if ability in left_out:
            session.abilities.learn(ability, False, f"{detail} refused it")
        elif ability not in SHOWN_ELSEWHERE:
            session.abilities.learn(ability, True, f"{detail} took it")


def _less_and_less(unproven: list[Ability]) -> Iterator[frozenset[Ability]]:
    if len(unproven) > 1:
        yield from (frozenset((ability,)) for ability in unproven)
    yield frozenset(unproven)


def _merged(parts: Parts) -> dict[str, Any]:
    return {name: value for one in parts.values() for name, value in one.items()}
