"""Plans: the changes, in order, that turn the observed state into the desired one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.desired import Desired
from extenci.model.observed import Unread
from extenci.model.version import Disk
from extenci.model.work import Work


@dataclass(frozen=True)
class FieldChange:
    """One field that differs; `path` is dotted (`settings.type`), secrets are shown by their hash."""

    path: str
    before: object
    after: object


@dataclass(frozen=True)
class Change:
    """One step of a plan. `id` is `ACTION ADDRESS`, followed by a resource's id if the address has several
    changes of the action; `depends_on` holds the ids of changes that must be done before; `count` is the
    number of machines, images or leftovers."""

    id: str
    address: Address
    kind: Kind
    action: Action
    count: int
    reason: str
    work: Work
    fields: tuple[FieldChange, ...] = ()
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drift:
    """A difference that nobody's spec asked for: `path` is a field, or a resource and a field of it."""

    address: Address
    kind: Kind
    path: str
    before: object
    after: object


@dataclass(frozen=True)
class Blocked:
    """A change that the specs ask for and the plan cannot make, and why. `waits`: it goes on as soon as a
    person says yes."""

    address: Address
    kind: Kind
    action: Action
    reason: str
    waits: bool = False


@dataclass(frozen=True)
class Plan:
    """The changes, in an order that can be followed from first to last.

    `refusals` name the limits of services that the plan exceeds: it is shown, but not applied without
    --force. `unread` are services that could not be read, of which the plan says nothing. `left_out` are
    selected addresses of which it says nothing either, since what they need, or what needs them, is excluded.
    `partial`: it is about some addresses only.
    """

    stack: str
    services: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    drift: tuple[Drift, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    warnings: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    destroy: bool = False
    unread: tuple[Unread, ...] = ()
    left_out: tuple[Address, ...] = ()
    partial: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do. Drift and warnings alone do not count."""
        return not self.changes and not self.blocked

    @property
    def summary(self) -> dict[str, int]:
        """The number of images, machines or leftovers by action, without zeros."""
        counts: dict[str, int] = {}
        for change in self.changes:
            counts[str(change.action)] = counts.get(str(change.action), 0) + change.count
        return counts

    def change(self, id: str) -> Change | None:  # noqa: A002 - the field's own name
        """The change with this id."""
        return next((change for change in self.changes if change.id == id), None)


@dataclass(frozen=True)
class SavedPlan:
    """A plan with all that it was made from, as `plan --out` writes it.

    `id` names the plan and the run that applies it; `made` is in seconds since the epoch; `disks` are by
    address as text; `force`: whether limits were waived when the plan was made.
    """

    id: str
    made: float
    plan: Plan
    desired: Desired
    disks: Mapping[str, Disk] = field(default_factory=dict)
    force: bool = False
