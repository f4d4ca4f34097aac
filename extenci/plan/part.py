"""Pieces that a plan is put together from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from extenci.model.action import Action
from extenci.model.address import Address
from extenci.model.observed import Machine
from extenci.model.plan import Blocked, Change
from extenci.model.verification import KEY_PAIR_PREFIX


@dataclass(frozen=True)
class PlanPart:
    """The part of a plan that one step of planning adds."""

    changes: tuple[Change, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    warnings: tuple[str, ...] = ()
    awaited: tuple[Change, ...] = ()


def join(parts: Iterable[PlanPart]) -> PlanPart:
    """Several parts as one, in their order."""
    known = tuple(parts)
    return PlanPart(
        changes=tuple(change for part in known for change in part.changes),
        blocked=tuple(blocked for part in known for blocked in part.blocked),
        warnings=tuple(warning for part in known for warning in part.warnings),
        awaited=tuple(awaited for part in known for awaited in part.awaited),
    )


def key_pairs_of(machines: Sequence[Machine]) -> tuple[str, ...]:
    """The key pairs that were made for test VMs alone."""
    names = {machine.key_name or "" for machine in machines}
    return tuple(sorted(name for name in names if name.startswith(KEY_PAIR_PREFIX)))


def unstage_id(address: Address, resource: str) -> str:
    """The id of the change that unstages an image, or a snapshot without one."""
    return f"{Action.UNSTAGE} {address} {resource}"
