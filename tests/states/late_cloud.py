"""The planner's model cloud, seen late: lists lack what was made a moment ago, or its tags, and the journal
knows it, with or without the answers. All pure: the time is a number."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TypeVar

from extenci.apply.recovery import find_outcome
from extenci.model.observed import Image, Machine, Observation, ServiceState, Snapshot
from extenci.model.ownership import read_marks
from extenci.model.plan import Plan
from extenci.model.record import Intent, Records
from extenci.model.service import Tagging
from extenci.model.work import ReplaceWork, TerminateWork, UnstageWork
from extenci.observe.ownership import assign, known_resources
from extenci.observe.visibility import may_show_more
from tests.states.resources import STACK_NAME, Lag
from tests.unit.plan.cloud_model import Cloud
from tests.unit.plan.scenery import NOW

SERVICE = "cloud"
MOST_SECONDS = 100
"""No reading waits longer."""

Thing = TypeVar("Thing", Image, Snapshot, Machine)


@dataclass
class LateCloud:
    """The cloud, the time, the journal's calls, and from when on each thing and its tags are listed."""

    tagging: Tagging
    now: float = NOW
    intents: list[Intent] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)
    listed_at: dict[str, float] = field(default_factory=dict)
    tagged_at: dict[str, float] = field(default_factory=dict)
    cloud: Cloud = field(init=False)

    def __post_init__(self) -> None:
        self.cloud = Cloud.of(STACK_NAME, ServiceState(SERVICE, 0.0), self.tagging)

    @property
    def records(self) -> Records:
        """What the catalog knows: the journal alone, as after the loss of all else."""
        return Records(intents=tuple(self.intents), removed=frozenset(self.removed))

    def read(self) -> ServiceState:
        """One reading of the service."""
        listed = ServiceState(
            SERVICE,
            self.now,
            tuple(self.shown(self.cloud.images.values())),
            tuple(self.shown(self.cloud.snapshots.values())),
            tuple(self.shown(self.cloud.machines.values())),
        )
        return assign(
            listed, lambda _ability: self.tagging, known_resources(SERVICE, self.records, now=self.now)
        )

    def shown(self, things: Iterable[Thing]) -> Iterable[Thing]:
        """Those that are listed, with their tags where these show."""
        for one in things:
            if self.listed_at.get(one.id, 0.0) <= self.now:
                tags = one.tags if self.tagged_at.get(one.id, 0.0) <= self.now else {}
                yield replace(one, tags=tags, marks=read_marks(tags))

    def observe(self) -> Observation:
        """Read the service until nothing more may show, and close the calls without answers."""
        began = self.now
        while may_show_more(SERVICE, self.records, state := self.read()):
            self.now += 1
            assert self.now - began < MOST_SECONDS, "reading does not end"
        for intent in [one for one in self.intents if one.result is None]:
            self.intents.remove(intent)
            if made := find_outcome(intent, state):
                self.intents.append(replace(intent, result=made))
        return Observation({SERVICE: self.read()})

    def apply(self, plan: Plan, cut: Collection[str], lag: Lag, *, answered: bool) -> None:
        """Follow a plan, with changes that are broken off, and what it makes is late; `answered`: its calls
        got their answers."""
        before = {*self.cloud.images, *self.cloud.snapshots, *self.cloud.machines}
        done = self.cloud.apply(plan, cut)
        self.removed |= {
            name
            for change in plan.changes
            for name in removed_by(change.work)
            if change.id in done or change.id in cut
        }
        machines = sorted(self.new(self.cloud.machines.values(), before), key=group_of)
        for group, members in groupby(machines, group_of):
            token = f"token-{group}-{len(self.intents)}"
            made = [replace(one, token=token) for one in members]
            self.cloud.machines |= {one.id: one for one in made}
            result: dict[str, object] | None = {"machines": [one.id for one in made]} if answered else None
            self.note("RunInstances", token, made[0], result, {"count": len(made)})
        for snapshot in self.new(self.cloud.snapshots.values(), before):
            self.note("StartSnapshot", snapshot.id, snapshot, {"snapshot": snapshot.id}, {})
        for image in self.new(self.cloud.images.values(), before):
            self.note("RegisterImage", image.name, image, {"image": image.id} if answered else None, {})
        for name in {*self.cloud.images, *self.cloud.snapshots, *self.cloud.machines} - before:
            self.listed_at[name] = self.now + lag.in_lists
            self.tagged_at[name] = self.now + lag.tags

    def new(self, things: Iterable[Thing], before: Collection[str]) -> list[Thing]:
        """What was not there before."""
        return [one for one in things if one.id not in before]

    def note(
        self,
        call: str,
        token: str,
        made: Image | Snapshot | Machine,
        result: dict[str, object] | None,
        request: dict[str, object],
    ) -> None:
        """Write a call down."""
        number = len(self.intents)
        self.intents.append(
            Intent(number, "run", "change", SERVICE, call, token, self.now, made.tags, request, result)
        )

    def size(self, group: str) -> int:
        """How many machines a group has, whether they show or not."""
        return sum(group_of(one) == group and not one.state.is_gone for one in self.cloud.machines.values())


def group_of(machine: Machine) -> str:
    """The name of a machine's group."""
    return machine.marks.name if machine.marks else ""


def removed_by(work: object) -> Iterable[str]:
    """The ids of what a change removes, or was to remove."""
    match work:
        case TerminateWork(machines=handles) | ReplaceWork(machines=handles):
            return tuple(str(one.machine) for one in handles)
        case UnstageWork(image=image, snapshots=snapshots):
            return (*([image] if image else []), *snapshots)
        case _:
            return ()
