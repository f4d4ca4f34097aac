"""Plans: the changes, in order, that turn the observed state into the desired one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.desired import Desired, Origin
from extenci.model.observed import Image, Machine, Snapshot, Unread
from extenci.model.record import AppliedRecord, ResourceRecord, VerdictRecord
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
    --force. `unread` are services that could not be read, of which the plan says nothing. `awaited` are
    machines that are being launched already: no change, but apply waits until they run. `left_out` are
    selected addresses of which it says nothing either, since what they need, or what needs them, is excluded.
    `partial`: it is about some addresses only; `drift_only`: only drift was looked for.
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
    awaited: tuple[Change, ...] = ()
    left_out: tuple[Address, ...] = ()
    partial: bool = False
    drift_only: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do. Drift, warnings and machines that are awaited alone do not
        count."""
        return not self.changes and not self.blocked

    @property
    def with_waits(self) -> Plan:
        """The plan as it is carried out: machines that are being launched are waited for, too."""
        return replace(self, changes=(*self.changes, *self.awaited), awaited=())

    @property
    def drift_alone(self) -> Plan:
        """The plan with nothing but its drift."""
        return replace(self, changes=(), awaited=(), blocked=(), warnings=(), refusals=(), drift_only=True)

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
class Checkout:
    """Where a spec root is: its absolute path, and the same relative to the folder that the command ran in
    and to the top of the git repository ("" where it is not below). `commit` is the hash of the one that was
    checked out, "" where there is none; `dirty`: files of the root differ from it."""

    root: str = ""
    below_folder: str = ""
    below_top: str = ""
    commit: str = ""
    dirty: bool = False

    def __str__(self) -> str:
        if not self.commit:
            return "no commit"
        changed = " with changes that are not committed" if self.dirty else ""
        return f"commit {self.commit[:12]}{changed}"


@dataclass(frozen=True)
class SavedPlan:
    """A plan with all that it was made from, as `plan --out` writes it. It names no paths of one machine:
    those of the plan and the specs are relative to the spec root.

    `id` names the plan and the run that applies it; `made` is in seconds since the epoch; `disks` are by
    address as text; `force`: whether limits were waived when the plan was made; `made_in` says where.
    """

    id: str
    made: float
    plan: Plan
    desired: Desired
    disks: Mapping[str, Disk] = field(default_factory=dict)
    force: bool = False
    made_in: Checkout = Checkout()


@dataclass(frozen=True)
class ExplainedChange:
    """A change, and the rule of planning that made it."""

    change: Change
    rule: str


@dataclass(frozen=True)
class Explanation:
    """All that a plan knows of one address. `fields` are those of its spec, at `origin`; None where no spec
    names it. `applied` is its spec as it was last fully applied, `recorded` and `verdicts` are the records of
    its resources and versions, `seen` the resources that the service reports with its marks. `read` is
    whether the service could be read; `covered` whether the plan is about the address."""

    address: Address
    kind: Kind | None
    origin: Origin | None
    fields: Mapping[str, object]
    applied: AppliedRecord | None
    recorded: tuple[ResourceRecord, ...]
    verdicts: tuple[VerdictRecord, ...]
    seen: tuple[Image | Snapshot | Machine, ...]
    changes: tuple[ExplainedChange, ...]
    blocked: tuple[Blocked, ...]
    drift: tuple[Drift, ...]
    read: bool = True
    covered: bool = True
