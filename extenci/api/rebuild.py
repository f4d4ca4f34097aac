"""Make the records of a stack's resources anew from what the tags on its services tell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from extenci.api.options import DEFAULTS, Options
from extenci.api.session import Session, open_locked
from extenci.api.specs import load, load_around
from extenci.apply.rebuild import rebuild, write_rebuilt
from extenci.catalog.home import Home
from extenci.model.abilities import Ability
from extenci.model.desired import Desired, Selection
from extenci.model.observed import Unread
from extenci.model.record import RebuiltRecords, ResourceKind
from extenci.model.service import Tagging

TAGGED_BY = {
    ResourceKind.IMAGE: Ability.TAG_IMAGE,
    ResourceKind.SNAPSHOT: Ability.TAG_SNAPSHOT,
    ResourceKind.MACHINE: Ability.TAG_INSTANCE,
}
"""The ability to set the tags of each kind of resource as it is made."""


@dataclass(frozen=True)
class RebuildResult:
    """The records that were made anew, by service; `unread` are services that could not be read, whose
    records stay as they were."""

    stack: str
    services: tuple[RebuiltRecords, ...]
    unread: tuple[Unread, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every service could be read."""
        return not self.unread


def rebuild_records(
    service: str | None = None,
    *,
    root: Path | None = None,
    dry_run: bool = False,
    home: Home | None = None,
    options: Options = DEFAULTS,
) -> RebuildResult:
    """Read a stack's resources on a service (None: on all services of the specs) without the records, and
    record what their tags tell. `root` is the folder of the specs. With `dry_run` nothing is recorded; in
    neither case anything on the services is changed.

    UsageError, SpecError; LockHeld; ServiceError where no service can be read.
    """
    home = home or Home.find()
    with open_locked(_stack_of(service, root, home), home, options) as session:
        rebuilt = _compare(session)
        for one in () if dry_run else rebuilt:
            write_rebuilt(session.catalog, session.stack, one)
        return RebuildResult(session.stack, rebuilt, session.failures.unread)


def _stack_of(service: str | None, root: Path | None, home: Home) -> Desired:
    """The stack of a root, narrowed to a service, which its specs need not name."""
    if service is None:
        return load([root] if root else (), home=home)
    desired = load_around(service, root, home)
    return replace(desired, selection=Selection(services=frozenset({service})))


def _compare(session: Session) -> tuple[RebuiltRecords, ...]:
    """What the records tell, and what is told without those of resources that can carry tags."""
    known = session.observe()
    untagged = {name: _untagged_kinds(session, name) for name in session.clients}
    kept = tuple(one for one in known.records.resources if one.kind in untagged.get(one.service, ()))
    told = session.observe(replace(known.records, resources=kept))
    return tuple(
        rebuild(session.stack, known.records, known.observation.services[name], state, untagged[name])
        for name, state in told.observation.services.items()
    )


def _untagged_kinds(session: Session, service: str) -> frozenset[ResourceKind]:
    """The kinds of resources that carry no tags on a service."""
    tagging = session.clients[service].tagging
    return frozenset(kind for kind, ability in TAGGED_BY.items() if tagging(ability) is Tagging.NONE)
