"""Plans that are made while lists lack what was made: a state machine over the planner's model cloud. Nothing
runs and nothing is stored, so it tries many more ways than the one of `test_recovery.py`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from extenci.model.address import Address
from extenci.model.observed import MachineState, Observation
from extenci.model.plan import Plan
from extenci.model.service import Tagging
from extenci.model.version import GIB, Disk
from extenci.model.work import LaunchWork, StageWork
from extenci.plan.planner import make_plan
from extenci.report.plan.json import plan_document, render_json
from tests.states.late_cloud import SERVICE, LateCloud
from tests.states.length import examples
from tests.states.resources import Lag
from tests.states.specs import TYPES, Group, Specs
from tests.unit.plan.scenery import digest, show_plan

GROUPS = ("pool", "web", "batch")
SHOWN_SECONDS = 100.0

lags = st.builds(Lag, st.just(0.0), *[st.integers(0, 59)] * 2)


class Planner(RuleBasedStateMachine):
    """Edits, plans that are broken off, and time, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.specs = Specs()
        self.late = LateCloud(Tagging.CREATE)

    @initialize(tagging=st.sampled_from((Tagging.CREATE, Tagging.AFTER)), count=st.integers(1, 3))
    def begin(self, tagging: Tagging, count: int) -> None:
        self.specs = Specs(tagging, groups={"pool": Group(count=count)})
        self.late = LateCloud(tagging)

    @rule(group=st.sampled_from(GROUPS), count=st.integers(0, 4), type_=st.sampled_from(TYPES))
    def change_group(self, group: str, count: int, type_: str) -> None:
        self.specs.groups[group] = replace(self.specs.groups.get(group, Group()), count=count, type=type_)

    @rule(group=st.sampled_from(GROUPS), new=st.sampled_from(GROUPS))
    def rename_group(self, group: str, new: str) -> None:
        if group in self.specs.groups and new not in self.specs.groups:
            self.specs.groups[new] = self.specs.groups.pop(group)

    @rule(group=st.sampled_from(GROUPS))
    def drop_group(self, group: str) -> None:
        self.specs.groups.pop(group, None)

    @rule(image=st.sampled_from(("base", "extra")), disk=st.integers(1, 4))
    def rebuild(self, image: str, disk: int) -> None:
        self.specs.images[image] = disk

    @rule(seconds=st.integers(0, 120))
    def wait(self, seconds: int) -> None:
        self.late.now += seconds

    @rule(which=st.integers(0, 9))
    def end_machine_by_hand(self, which: int) -> None:
        machines = self.late.cloud.machines
        if machines:
            name = sorted(machines)[which % len(machines)]
            machines[name] = replace(machines[name], state=MachineState.TERMINATED)

    @rule(data=st.data(), lag=lags, answered=st.booleans())
    def apply(self, data: st.DataObject, lag: Lag, answered: bool) -> None:
        plan = self.plan()
        cut = [change.id for change in plan.changes if data.draw(st.integers(0, 2)) == 0]
        self.late.apply(plan, cut, lag, answered=answered)

    @rule()
    def settle(self) -> None:
        """After time is over, two runs are enough."""
        for _ in range(2):
            self.late.now += SHOWN_SECONDS
            self.late.apply(self.plan(), (), Lag(), answered=True)
        self.late.now += SHOWN_SECONDS
        last = self.plan()
        assert last.changes == (), show_plan(last)
        assert {name: self.late.size(name) for name in self.specs.sizes} == self.specs.sizes

    def plan(self, *, destroy: bool = False) -> Plan:
        """A plan, which must launch and upload nothing that is there, and be the same whenever it is made."""
        observation = self.late.observe()
        plan = self.plan_of(observation, destroy=destroy)
        again = self.plan_of(shuffled(observation, Random(1)), destroy=destroy)  # noqa: S311 - only an order
        assert render_json(plan_document(plan)) == render_json(plan_document(again))
        snapshots = self.late.cloud.snapshots.values()
        whole = {one.marks.digest for one in snapshots if one.marks and one.state == "completed"}
        for change in plan.changes:
            match change.work:
                case LaunchWork(group=group, count=count):
                    size = self.late.size(group.address.name)
                    assert size + count <= group.count, show_plan(plan)
                case StageWork(version=version):
                    assert version.digest not in whole, show_plan(plan)
        return plan

    def plan_of(self, observation: Observation, *, destroy: bool) -> Plan:
        """The plan for an observation."""
        desired = self.specs.desired(Path("/specs"))
        disks = {
            Address(SERVICE, name): Disk(digest(str(disk)), GIB, blocks=8)
            for name, disk in self.specs.images.items()
        }
        return make_plan(desired, disks, observation, self.late.records, now=self.late.now, destroy=destroy)

    def teardown(self) -> None:
        self.settle()
        self.late.apply(self.plan(destroy=True), (), Lag(), answered=True)
        assert self.plan(destroy=True).changes == ()
        assert not self.late.cloud.images
        assert not self.late.cloud.snapshots
        assert not [one for one in self.late.cloud.machines.values() if not one.state.is_gone]


def shuffled(observation: Observation, random: Random) -> Observation:
    """The same observation, its lists in another order."""
    state = observation.services[SERVICE]
    return Observation(
        {
            SERVICE: replace(
                state,
                images=tuple(random.sample(state.images, len(state.images))),
                snapshots=tuple(random.sample(state.snapshots, len(state.snapshots))),
                machines=tuple(random.sample(state.machines, len(state.machines))),
            )
        }
    )


TestPlanner = Planner.TestCase
TestPlanner.settings = settings(
    max_examples=examples(60),
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
