"""Plans as values: the changes, in order, that would make the observed state the desired one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.desired import Desired
from extenci.model.version import Disk
from extenci.model.work import Work

FORMAT_VERSION = 1


@dataclass(frozen=True)
class FieldChange:
    """One field that differs; `path` is dotted (`settings.type`), secrets are shown by their hash."""

    path: str
    before: object
    after: object


@dataclass(frozen=True)
class Change:
    """One step of a plan. `id` is `ACTION ADDRESS`, with a discriminator where one address has several of
    an action; `depends_on` holds ids of changes that must be done before; `count` is the number of
    machines or images."""

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
    """Something the specs ask for that this plan will not do, and why. `waits`: a person has to say yes, and
    then it goes on."""

    address: Address
    kind: Kind
    action: Action
    reason: str
    waits: bool = False


@dataclass(frozen=True)
class Plan:
    """What would be done, in an order that can be followed from first to last.

    `refusals` are limits of services that the plan goes past: it is shown, and not applied without
    --force. `summary` counts: images to stage, register and unstage; machines to launch, replace, terminate.
    """

    stack: str
    services: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    drift: tuple[Drift, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    warnings: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    destroy: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done. Drift and warnings alone do not count."""
        return not self.changes and not self.blocked

    @property
    def summary(self) -> dict[str, int]:
        """How many of each action: machines for instances, images for images; only what is not zero."""
        counts: dict[str, int] = {}
        for change in self.changes:
            counts[str(change.action)] = counts.get(str(change.action), 0) + change.count
        return counts

    def change(self, id: str) -> Change | None:  # noqa: A002 - the field's own name
        """The change of an id."""
        return next((change for change in self.changes if change.id == id), None)


@dataclass(frozen=True)
class SavedPlan:
    """A plan and all it was made from, as `plan --out` writes it.

    `id` names the plan (and the run that applies it); `specs` are whole; `disks` by address as text;
    `force` whether limits were waived when it was made.
    """

    id: str
    made: float
    plan: Plan
    desired: Desired
    disks: Mapping[str, Disk] = field(default_factory=dict)
    force: bool = False
