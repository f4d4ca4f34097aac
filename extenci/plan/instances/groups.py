"""Instance groups compared with their specs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from extenci.model.address import Address
from extenci.model.desired import DesiredGroup, ImageId
from extenci.model.observed import Machine
from extenci.model.ownership import settings_mark
from extenci.model.plan import FieldChange
from extenci.plan.condor.queue import is_crowded
from extenci.plan.images.source import ImageSource, Unavailable
from extenci.plan.inputs import PlanInputs
from extenci.plan.instances.health import Health, judge_health
from extenci.plan.instances.outdated import outdated_fields
from extenci.plan.service_index import ServiceIndex


@dataclass(frozen=True)
class Member:
    """A machine of a group, judged."""

    machine: Machine
    health: Health
    outdated: tuple[FieldChange, ...]

    @property
    def is_fine(self) -> bool:
        """Whether there is no reason to replace it, or it is too young to tell."""
        return self.health.settling or (self.health.ok and not self.outdated)

    @property
    def is_elsewhere(self) -> bool:
        """Whether it can be ended through another schedd only."""
        return self.machine.other_schedd is not None


@dataclass(frozen=True)
class Group:
    """A group compared with its spec: its surplus machines, those to be renewed, and the number missing.

    Surplus ones go in this order: unhealthy and outdated, unhealthy, outdated, then the youngest, of alike
    ones those first whose job is here; `held` of them are still settling and left for a later plan. Those
    that would have to go, and whose job another schedd has, are in `surplus_elsewhere` and
    `renewed_elsewhere`.
    """

    spec: DesiredGroup
    source: ImageSource | ImageId
    members: tuple[Member, ...]
    surplus: tuple[Member, ...]
    renewed: tuple[Member, ...]
    missing: int
    held: int
    surplus_elsewhere: tuple[Member, ...] = ()
    renewed_elsewhere: tuple[Member, ...] = ()

    @property
    def size_after(self) -> int:
        """How many machines there will be."""
        ended = 0 if self.spec.protect else len(self.surplus)
        launched = 0 if isinstance(self.source, Unavailable) else self.missing
        return len(self.members) - ended + launched


def judge_groups(
    inputs: PlanInputs, index: ServiceIndex, sources: Mapping[Address, ImageSource]
) -> tuple[Group, ...]:
    """Every selected group of a service, judged."""
    if inputs.destroy:
        return ()
    return tuple(
        judge_group(inputs, index, spec, find_image_source(spec, sources))
        for spec in inputs.groups_on(index.service.name)
        if inputs.covers(spec.address)
    )


def find_image_source(spec: DesiredGroup, sources: Mapping[Address, ImageSource]) -> ImageSource | ImageId:
    """The source of the image that a group's machines are launched from."""
    if isinstance(spec.image, ImageId):
        return spec.image
    return sources.get(spec.image) or Unavailable(f"{spec.image} is not among the images of the specs.")


def judge_group(
    inputs: PlanInputs, index: ServiceIndex, spec: DesiredGroup, source: ImageSource | ImageId
) -> Group:
    """Sort a group's machines into those that stay, surplus ones, and those to renew."""
    settings, crowded = settings_mark(spec), is_crowded(index.queue, index.jobs)
    members = tuple(
        Member(
            machine,
            judge_health(machine, spec, inputs.now, is_crowded=crowded),
            outdated_fields(machine, spec, source, settings),
        )
        for machine in index.owned_machines.get(spec.address, ())
    )
    excess = max(0, len(members) - spec.count)
    ranked = sorted(members, key=first_to_go)
    surplus = [member for member in ranked[:excess] if not member.health.settling]
    renewed = [member for member in ranked[excess:] if not member.is_fine]
    return Group(
        spec=spec,
        source=source,
        members=members,
        surplus=by_id([member for member in surplus if not member.is_elsewhere]),
        renewed=by_id([member for member in renewed if not member.is_elsewhere]),
        missing=max(0, spec.count - len(members)),
        held=excess - len(surplus),
        surplus_elsewhere=by_id([member for member in surplus if member.is_elsewhere]),
        renewed_elsewhere=by_id([member for member in renewed if member.is_elsewhere]),
    )


def first_to_go(member: Member) -> tuple[bool, bool, bool, float, str]:
    """The order in which surplus machines go. It stays the same while jobs get their machines."""
    machine = member.machine
    born = machine.job.queued if machine.job else machine.launched
    return member.health.ok, not member.outdated, member.is_elsewhere, -born, str(machine.handle)


def by_id(members: list[Member]) -> tuple[Member, ...]:
    """Members in the order of their machines' ids."""
    return tuple(sorted(members, key=lambda member: member.machine.id))
