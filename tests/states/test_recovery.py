"""Whatever goes wrong, in whichever order, nothing is doubled, lost or left, and it ends well: a state
machine over a cloud that shows late what was made.

    EXTENCI_HYPOTHESIS=random EXTENCI_EXAMPLES=5000 python -m pytest tests/states
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from extenci.model.abilities import AWS, Abilities
from extenci.model.desired import Desired
from extenci.model.errors import LockHeld
from extenci.model.service import Tagging
from tests.states.clock import Clock
from tests.states.cloud import Cloud
from tests.states.faults import FaultKind, Faults
from tests.states.home import SERVICE, Ended, ModelHome, write_disk
from tests.states.length import examples
from tests.states.resources import Lag
from tests.states.specs import TYPES, Group, Specs

GROUPS = ("pool", "web", "batch")
DISKS = range(1, 5)
VISIBLE_SECONDS = 60.0
SETTLING_SECONDS = 200.0
"""After this time everything shows, and no machine is too young to be judged."""
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - folders in it are made by mkdtemp

lags = st.builds(Lag, *[st.sampled_from((0.0, 1.0, 10.0, 30.0, 55.0))] * 3)
readings = st.sampled_from(("DescribeInstances", "DescribeImages", "DescribeSnapshots"))
unread = st.dictionaries(readings, st.integers(1, 2), max_size=1)
at_calls = st.builds(Faults, st.sampled_from(FaultKind), st.integers(1, 12), unread=unread)
in_journal = st.builds(
    Faults, st.sampled_from((FaultKind.KILL_BEFORE, FaultKind.KILL_AFTER)), st.integers(1, 40), st.just(True)
)
no_faults = st.builds(Faults, unread=unread)
faults = st.one_of(no_faults, at_calls, in_journal)


class Recovery(RuleBasedStateMachine):
    """Commands, edits, faults and time, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(
            tempfile.mkdtemp(prefix="states-", dir=SHARED_MEMORY if SHARED_MEMORY.exists() else None)
        )
        self.clock = Clock()
        self.cloud = Cloud(self.clock)
        self.cloud.add_others()
        self.home = ModelHome(self.folder / "home", self.cloud)
        self.other_home = ModelHome(self.folder / "other", self.cloud)
        self.specs = Specs()
        self.is_shared = False
        for disk in DISKS:
            write_disk(self.folder / f"{disk}.raw", disk)

    @initialize(
        tagging=st.sampled_from((Tagging.CREATE, Tagging.CREATE, Tagging.AFTER, Tagging.NONE)),
        is_declared=st.booleans(),
        lag=lags,
        count=st.integers(1, 3),
    )
    def begin(self, tagging: Tagging, is_declared: bool, lag: Lag, count: int) -> None:
        """`is_declared`: the service's file says what it can, rather than that it must be found out."""
        self.specs = Specs(tagging, AWS if is_declared else Abilities(), groups={"pool": Group(count=count)})
        self.cloud.lag = lag
        if tagging is Tagging.NONE:
            self.home.initialise(SERVICE)

    # People edit the specs.

    @rule(group=st.sampled_from(GROUPS), count=st.integers(0, 3))
    def resize(self, group: str, count: int) -> None:
        known = self.specs.groups.get(group, Group())
        self.specs.groups[group] = replace(known, count=count)

    @rule(group=st.sampled_from(GROUPS), type_=st.sampled_from(TYPES), most=st.integers(0, 2))
    def retype(self, group: str, type_: str, most: int) -> None:
        if group in self.specs.groups:
            self.specs.groups[group] = replace(self.specs.groups[group], type=type_, max_unavailable=most)

    @rule(group=st.sampled_from(GROUPS), new=st.sampled_from(GROUPS))
    def rename(self, group: str, new: str) -> None:
        if group in self.specs.groups and new not in self.specs.groups:
            self.specs.groups[new] = self.specs.groups.pop(group)

    @rule(group=st.sampled_from(GROUPS))
    def drop(self, group: str) -> None:
        self.specs.groups.pop(group, None)

    @rule(image=st.sampled_from(("base", "extra")), disk=st.sampled_from(DISKS))
    def rebuild(self, image: str, disk: int) -> None:
        self.specs.images[image] = disk

    @rule()
    @precondition(lambda self: "extra" in self.specs.images)
    def move_to_other_image(self) -> None:
        for name, group in self.specs.groups.items():
            self.specs.groups[name] = replace(group, image="base" if group.image == "extra" else "extra")

    # Time, and the cloud's slowness.

    @rule(lag=lags)
    def slow_down(self, lag: Lag) -> None:
        self.cloud.lag = lag

    @rule(seconds=st.sampled_from((1.0, 5.0, 20.0, 61.0, 200.0)))
    def wait(self, seconds: float) -> None:
        self.clock.sleep(seconds)

    # People at work beside extenci.

    @rule(which=st.integers(0, 5))
    def end_machine_by_hand(self, which: int) -> None:
        machines = [one for one in self.cloud.live("machine") if one.group]
        if machines:
            machines[which % len(machines)].ended_at = self.clock.now

    @rule(which=st.integers(0, 5))
    def strip_by_hand(self, which: int) -> None:
        """A person takes the marks off a machine, so that it counts as a stranger's."""
        machines = [one for one in self.cloud.live("machine") if one.group and one.tags]
        if machines:
            stripped = machines[which % len(machines)]
            stripped.was_stripped = True
            stripped.retag({"Name": "mine"}, self.clock.now)

    @rule(which=st.integers(0, 5))
    def deregister_by_hand(self, which: int) -> None:
        images = [one for one in self.cloud.live("image") if one.group]
        if images:
            del self.cloud.there[images[which % len(images)].id]

    # Commands.

    @rule(faults=faults)
    def apply(self, faults: Faults) -> None:
        self.run_apply(self.home, faults)

    @rule(faults=faults)
    def collect(self, faults: Faults) -> None:
        self.check(self.home.gc(self.desired, faults))

    @rule(faults=at_calls)
    def destroy(self, faults: Faults) -> None:
        self.check(self.home.apply(self.desired, faults, destroy=True))

    @rule(faults=faults)
    @precondition(lambda self: self.may_share)
    def apply_elsewhere(self, faults: Faults) -> None:
        self.is_shared = True
        self.run_apply(self.other_home, faults)

    @rule(at=st.integers(1, 8), faults=st.one_of(no_faults, at_calls))
    @precondition(lambda self: self.may_share)
    def apply_at_once(self, at: int, faults: Faults) -> None:
        ended: list[Ended] = []
        faults.meanwhile_at = at
        faults.meanwhile = lambda: ended.append(self.other_home.apply(self.desired))
        self.run_apply(self.home, faults)
        for one in ended:
            assert isinstance(one.error, LockHeld), one

    @rule()
    def plan(self) -> None:
        assert self.home.plan(self.desired) == self.home.plan(self.desired)

    @property
    def may_share(self) -> bool:
        """Whether two homes may work: there are tags, and all that was made shows."""
        is_visible = self.clock.now > self.cloud.last_made_at + VISIBLE_SECONDS
        return self.specs.tagging is not Tagging.NONE and is_visible

    @rule()
    def settle(self) -> None:
        """After faults and time are over, two runs are enough."""
        for home in (self.home, self.other_home) if self.is_shared else (self.home,):
            self.clock.sleep(SETTLING_SECONDS)
            first = self.run_apply(home, Faults())
            self.clock.sleep(SETTLING_SECONDS)
            second = self.run_apply(home, Faults())
            assert second.is_done, f"{first}\n{second}"
            self.clock.sleep(SETTLING_SECONDS)
            last = home.plan(self.desired)
            assert last.changes == (), last.changes
            assert last.blocked == (), last.blocked
            self.check_sizes(str(second), is_exact=True)

    # What always holds.

    @property
    def desired(self) -> Desired:
        """The specs as they are now."""
        return self.specs.desired(self.folder)

    def run_apply(self, home: ModelHome, faults: Faults) -> Ended:
        """Apply, and count the machines all the while."""
        before = self.cloud.sizes()
        groups = self.specs.groups
        self.cloud.bounds = {
            name: max(before[name], groups[name].most if name in groups else 0) for name in {*before, *groups}
        }
        ended = home.apply(self.desired, faults)
        self.cloud.bounds = None
        self.check(ended)
        if ended.is_done and ended.result is not None and not ended.result.plan.blocked:
            self.check_sizes(str(ended), is_exact=not ended.result.plan.warnings)
        return ended

    def check_sizes(self, said: str, *, is_exact: bool) -> None:
        """Each group has as many machines as its spec says, or more unless it `is_exact`. A machine without
        marks may count or not: the catalog of one home may know it still."""
        sizes, with_stripped = self.cloud.sizes(), self.cloud.sizes(with_stripped=True)
        for name in {*sizes, *self.specs.groups}:
            wanted = self.specs.sizes.get(name, 0)
            assert with_stripped[name] >= wanted, (name, sizes, said)
            assert sizes[name] <= wanted or not is_exact, (name, sizes, said)

    def check(self, ended: Ended) -> None:
        """No command ends with a defect."""
        assert not ended.defects, ended

    @invariant()
    def nothing_is_wrong(self) -> None:
        assert not self.cloud.wrong, self.cloud.wrong

    def teardown(self) -> None:
        try:
            if not self.cloud.wrong:
                self.finish()
        finally:
            shutil.rmtree(self.folder)

    def finish(self) -> None:
        """Nothing is left in the end."""
        self.settle()
        ended = self.home.apply(self.desired, destroy=True)
        assert ended.is_done, ended
        self.clock.sleep(SETTLING_SECONDS)
        for home in (self.home, self.other_home):
            ended = home.gc(self.desired)
            assert ended.is_done, ended
        assert self.cloud.left() == []


TestRecovery = Recovery.TestCase
TestRecovery.settings = settings(
    max_examples=examples(20),
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
