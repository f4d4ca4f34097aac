"""What the catalog remembers: a cache of what is owned, and the journal of what was begun.

On a service with `tags: create` none of this is needed to plan; it makes reasons and drift richer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from extenci.model.address import Address
from extenci.model.verdict import Verdict

Facts = Mapping[str, "str | int | float | bool | None"]


SUBMIT = "Submit"
"""The call, as the journal names it, that puts jobs into a queue of HTCondor."""


PUT_BUNDLE = "PutBundle"
"""The calls, as the journal names them, that put a bundle into S3 until it is registered, """
DELETE_BUNDLE = "DeleteBundle"
"""and that deregister an image and delete its bundle. Both are looked into by the next run."""


class ResourceKind(StrEnum):
    """Kinds of things that extenci makes on a service."""

    IMAGE = "image"
    SNAPSHOT = "snapshot"
    MACHINE = "machine"


@dataclass(frozen=True)
class ResourceRecord:
    """One resource known to be owned. `tags` are the marks and tags it was made with (the only ones
    there are on a service with `tags: none`); `facts` what it was like when last seen, by the
    names of the observed value's fields; `seen` is seconds since the epoch."""

    service: str
    id: str
    kind: ResourceKind
    address: Address
    tags: Mapping[str, str]
    facts: Facts = field(default_factory=dict)
    seen: float = 0.0


@dataclass(frozen=True)
class AppliedRecord:
    """The fields of a spec (as `extenci.plan` flattens them) when it was last fully applied."""

    address: Address
    fields: Mapping[str, object]
    at: float = 0.0


@dataclass(frozen=True)
class VerdictRecord:
    """What became of trying a version (its label) under one verify block (`trial`, a hash of it and its
    files). `at` is seconds since the epoch, `summary` one sentence for people."""

    address: Address
    version: str
    verify_hash: str
    verdict: Verdict
    at: float
    summary: str = ""


@dataclass(frozen=True)
class Intent:
    """A changing call that was written down before it was made.

    `tags` are those that the call gives, or is followed by, so that what it made can be told as owned by
    its `token` alone. `result` is None while the outcome is unknown.
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


@dataclass(frozen=True)
class Records:
    """What the catalog knows of one stack. `finished_runs` are ids of runs that ended, or were killed."""

    resources: tuple[ResourceRecord, ...] = ()
    applied: Mapping[Address, AppliedRecord] = field(default_factory=dict)
    intents: tuple[Intent, ...] = ()
    verdicts: tuple[VerdictRecord, ...] = ()
    finished_runs: frozenset[str] = frozenset()
