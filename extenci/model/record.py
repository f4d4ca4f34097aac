"""The records of the catalog: a cache of the owned resources, verdicts, and the journal of changing calls.

On a service with `tags: create`, plans need none of them; they make reasons and drift richer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from extenci.model.address import Address
from extenci.model.ownership import Role
from extenci.model.verdict import Verdict

Facts = Mapping[str, "str | int | float | bool | None"]


SUBMIT = "Submit"
"""The journal's name of the call that submits jobs to HTCondor."""

PUT_BUNDLE = "PutBundle"
"""The journal's name of the calls that upload a bundle to S3 until it is registered. If they are interrupted,
the next run finds out how far they got."""
DELETE_BUNDLE = "DeleteBundle"
"""The journal's name of the calls that deregister an image and delete its bundle; likewise."""

TAGGED = "tagged"
"""Among the facts of a resource: it was seen with its marks. If these are missing, somebody removed them."""


class ResourceKind(StrEnum):
    """Kinds of resources that extenci makes on a service."""

    IMAGE = "image"
    SNAPSHOT = "snapshot"
    MACHINE = "machine"


@dataclass(frozen=True)
class ResourceRecord:
    """An owned resource. `tags` are the marks and tags that it was made with (on a service with `tags: none`,
    there are no others); `facts` are the fields of the observed value when it was last seen, at `seen`
    (seconds since the epoch); and from its making on what not every service tells of an image: the `manifest`
    of one in S3, the `bytes` of its disk and the number of its non-zero `blocks`."""

    service: str
    id: str
    kind: ResourceKind
    address: Address
    tags: Mapping[str, str]
    facts: Facts = field(default_factory=dict)
    seen: float = 0.0


@dataclass(frozen=True)
class AppliedRecord:
    """The fields of a spec, flattened by `extenci.plan`, when it was last applied completely, at `at` (in
    seconds since the epoch)."""

    address: Address
    fields: Mapping[str, object]
    at: float = 0.0


@dataclass(frozen=True)
class VerdictRecord:
    """The verdict on a version (its label) under one verify block; `verify_hash` is the hash of the block and
    its files, `at` seconds since the epoch, `summary` one sentence for people."""

    address: Address
    version: str
    verify_hash: str
    verdict: Verdict
    at: float
    summary: str = ""


@dataclass(frozen=True)
class Intent:
    """A changing call that was written down before it was made, at `at` (seconds since the epoch).

    `tags` are those that its product has, or will have: so the product is known to be ours by the `token`
    alone. `result` is None while the outcome is unknown.
    """

    id: int
    run: str
    change: str
    service: str
    call: str
    token: str
    at: float
    tags: Mapping[str, str] = field(default_factory=dict)
    request: Mapping[str, object] = field(default_factory=dict)
    result: Mapping[str, object] | None = None

    @property
    def made(self) -> tuple[str, ...]:
        """The ids of what the call made, as far as its answer is known."""
        return resources_in(self.result or {})


def resources_in(noted: Mapping[str, object]) -> tuple[str, ...]:
    """The ids of machines, snapshot and image in a request or an answer, as the journal notes them."""
    machines = noted.get("machines", ())
    several = tuple(str(id_) for id_ in machines) if isinstance(machines, list | tuple) else ()
    return several + tuple(str(noted[key]) for key in ("snapshot", "image") if noted.get(key))


@dataclass(frozen=True)
class Deregistered:
    """An image that a run of this home deregistered, or may have, for an address, and the `snapshots` that
    were to be deleted after it. `name` is its name on the service, "" where another home registered it."""

    service: str
    image: str
    address: Address
    name: str = ""
    role: Role = Role.MANUAL
    snapshots: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The names that a person may have used for the image."""
        return frozenset((self.image, self.name, self.address.name, str(self.address))) - {""}


@dataclass(frozen=True)
class Records:
    """All records of a stack. `finished_runs` are the ids of runs that ended, or were killed;
    `removed` those of the resources that extenci itself removed lately; `deregistered` are the images that
    `unstage` may be asked for once more, empty for other commands; `other_stacks` the stacks that have
    resources at the addresses of specs that were applied under their names."""

    resources: tuple[ResourceRecord, ...] = ()
    applied: Mapping[Address, AppliedRecord] = field(default_factory=dict)
    intents: tuple[Intent, ...] = ()
    verdicts: tuple[VerdictRecord, ...] = ()
    finished_runs: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    deregistered: tuple[Deregistered, ...] = ()
    other_stacks: Mapping[Address, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class LostKnowledge:
    """A part of a record that only the record knew, and that no tag can tell: `what`, in words."""

    address: Address
    kind: ResourceKind
    id: str
    what: str


@dataclass(frozen=True)
class RebuiltRecords:
    """The records of a stack's resources on one service, made anew. `found` is what tags tell, and `added`
    the part of it that was not recorded before; `kept` are the records of kinds that take no tags there;
    `gone` those of resources that are no longer there. At `unapplied` addresses nothing tells which fields
    were last applied."""

    service: str
    found: tuple[ResourceRecord, ...] = ()
    added: tuple[ResourceRecord, ...] = ()
    kept: tuple[ResourceRecord, ...] = ()
    gone: tuple[ResourceRecord, ...] = ()
    lost: tuple[LostKnowledge, ...] = ()
    unapplied: tuple[Address, ...] = ()
