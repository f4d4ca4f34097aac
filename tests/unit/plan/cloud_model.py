"""A cloud that lives in memory: it does what a plan says, refuses what a real one refuses, and can be cut
off in the middle of any change. Beside it, an HTCondor that launches machines there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from extenci.model.desired import DesiredGroup, LaunchSettings
from extenci.model.launch import Launch
from extenci.model.observed import (
    Image,
    ImageState,
    Job,
    JobState,
    Machine,
    MachineHandle,
    MachineState,
    Observation,
    ServiceState,
    Snapshot,
    SnapshotState,
)
from extenci.model.ownership import read_marks
from extenci.model.plan import Change, Plan
from extenci.model.service import Tagging
from extenci.model.version import GIB, Version
from extenci.model.work import (
    AdoptWork,
    ForgetWork,
    ImageToLaunch,
    LaunchWork,
    RegisterWork,
    ReplaceWork,
    StageWork,
    TerminateWork,
    UnstageWork,
    UpdateWork,
)
from extenci.observe.join import join
from tests.unit.plan.queue_model import Ordered, Queue
from tests.unit.plan.scenery import NOW

T = TypeVar("T", Image, Snapshot, Machine, Job)
S = TypeVar("S", Image, Snapshot, Machine)
SETTLING = 200.0


class RefusedByCloud(AssertionError):
    """The plan asked for something that a cloud does not do."""


@dataclass
class Cloud:
    """One service. `roomy`: snapshots are made as large as the wanted volume, not as the disk."""

    stack: str
    name: str
    tagging: Tagging
    images: dict[str, Image]
    snapshots: dict[str, Snapshot]
    machines: dict[str, Machine]
    queue: Queue
    roomy: bool = False
    uploads: list[str] = field(default_factory=list)
    made: dict[str, dict[str, str]] = field(default_factory=dict)
    number: int = 0

    @classmethod
    def of(
        cls,
        stack: str,
        state: ServiceState,
        tagging: Tagging,
        roomy: bool = False,
        orders: Mapping[str, Ordered] | None = None,
    ) -> Cloud:
        """A cloud in an observed state, whose jobs have `orders`."""
        return cls(
            stack,
            state.service,
            tagging,
            {image.id: image for image in state.images},
            {snapshot.id: snapshot for snapshot in state.snapshots},
            {one.id: replace(one, job=None, settling=False) for one in state.machines if one.exists},
            Queue.of(state.machines, orders or {}, state.queue),
            roomy,
        )

    def observe(self) -> Observation:
        """What the cloud and HTCondor report, minutes later."""
        self.wait()
        machines = join(self.machines.values(), self.queue.jobs.values())
        things = (tuple(self.images.values()), tuple(self.snapshots.values()), machines)
        return Observation({self.name: ServiceState(self.name, 0.0, *things, self.queue.facts)})

    def wait(self) -> None:
        """Minutes go by: whatever was starting runs, so that nothing settles for ever, and HTCondor starts
        what waits. It lets go of jobs that just lost their machines or were removed; of older ones it
        cannot, for whatever reason, and held ones it leaves alone."""
        for name, machine in self.machines.items():
            starting = machine.state is MachineState.PENDING and machine.launched > 0
            state = MachineState.RUNNING if starting else machine.state
            self.machines[name] = replace(machine, state=state, launched=machine.launched - SETTLING)
        for name, job in list(self.queue.jobs.items()):
            is_young = NOW - job.entered < SETTLING
            match job.state:
                case JobState.IDLE if job.machine in self.machines:
                    self.meet(name, job.machine)
                case JobState.IDLE:
                    self.start(name, born_tagged=self.tagging is Tagging.CREATE)
                case JobState.RUNNING if is_young and not self.lives(job.machine):
                    del self.queue.jobs[name]
                case JobState.REMOVED | JobState.COMPLETED if is_young:
                    self.remove(name)
        self.queue.age(SETTLING)

    def meet(self, name: str, machine: str) -> None:
        """HTCondor hears what became of a machine that it launched."""
        if self.lives(machine):
            self.queue.run(name, machine)
        else:
            del self.queue.jobs[name]

    def lives(self, machine: str | None) -> bool:
        """Whether a machine is there and not ended."""
        return machine in self.machines and not self.machines[machine].state.is_gone

    def apply(self, plan: Plan, cut: Collection[str] = ()) -> frozenset[str]:
        """Follow a plan; changes in `cut` are broken off halfway, and what depends on them is not begun.
        The ids of the changes that are done."""
        done: set[str] = set()
        undone: set[str] = set()
        for change in plan.changes:
            if undone & set(change.depends_on):
                undone.add(change.id)
            elif change.id in cut:
                self.begin(change)
                undone.add(change.id)
            else:
                self.do(change)
                done.add(change.id)
        return frozenset(done)

    def do(self, change: Change) -> None:
        """Carry out one change."""
        match change.work:
            case StageWork() as work:
                snapshot = self.upload(work, SnapshotState.COMPLETED)
                self.register(change, work.version, snapshot, work.tags)
            case RegisterWork() as work:
                snapshot = work.snapshot or self.made[work.staged_by or ""]["snapshot"]
                self.register(change, work.version, snapshot, work.tags)
            case LaunchWork() as work:
                self.launch(work.group, work.image, work.count, work.tags)
            case ReplaceWork() as work:
                self.launch(work.group, work.image, len(work.machines), work.tags)
                self.terminate(work.machines)
            case TerminateWork(machines=machines):
                self.terminate(machines)
            case UnstageWork() as work:
                self.deregister(work.image)
                self.delete(work.snapshots)
            case UpdateWork() as work:
                self.tag(work.resources, work.set, work.unset)
            case AdoptWork() as work:
                self.tag(work.resources, work.set, ())
            case ForgetWork():
                raise RefusedByCloud("nothing is planned to be forgotten")

    def begin(self, change: Change) -> None:
        """Break a change off halfway."""
        match change.work:
            case StageWork() as work:
                self.upload(work, SnapshotState.PENDING)
            case LaunchWork() as work:
                self.launch(work.group, work.image, work.count, work.tags, work.count // 2)
            case ReplaceWork() as work:
                number = min(work.batch, len(work.machines))
                if work.surge:
                    self.launch(work.group, work.image, number, work.tags)
                else:
                    self.terminate(work.machines[:number])
            case TerminateWork(machines=machines):
                self.terminate(machines[: len(machines) // 2])
            case UnstageWork(image=image):
                self.deregister(image)
            case _:
                pass

    def new_id(self, kind: str) -> str:
        """An id that nothing had before."""
        self.number += 1
        return f"{kind}-new{self.number:04}"

    def tagged(self, tags: Mapping[str, str]) -> dict[str, str]:
        """The tags that the cloud keeps."""
        return {} if self.tagging is Tagging.NONE else dict(tags)

    def upload(self, work: StageWork, state: SnapshotState) -> str:
        """Upload a disk, or what is missing of it."""
        self.uploads.append(work.version.digest)
        if work.snapshot:
            old = self.snapshots[work.snapshot]
            assert old.state is SnapshotState.PENDING, "only a pending snapshot can be gone on with"
            self.snapshots[old.id] = replace(old, state=state)
            return old.id
        gib = work.version.registration.gib if self.roomy else -(-work.size // GIB)
        name = self.new_id("snap")
        self.snapshots[name] = Snapshot(
            name, state, gib, f"2027 {name}", self.tagged(work.tags), read_marks(work.tags)
        )
        return name

    def register(self, change: Change, version: Version, snapshot: str, tags: Mapping[str, str]) -> None:
        """RegisterImage: a free name, a completed snapshot, a volume that is large enough."""
        ami_name = version.image_name(change.address.name, self.stack)
        if any(image.name == ami_name for image in self.images.values()):
            raise RefusedByCloud(f"InvalidAMIName.Duplicate: {ami_name}")
        known = self.snapshots.get(snapshot)
        if known and (known.state is not SnapshotState.COMPLETED or known.gib > version.registration.gib):
            raise RefusedByCloud(f"{snapshot} cannot be registered as {version}: {known}")
        name = self.new_id("ami")
        self.images[name] = Image(
            id=name,
            name=ami_name,
            state=ImageState.AVAILABLE,
            snapshots=(snapshot,),
            architecture=str(version.registration.architecture),
            gib=version.registration.gib,
            created=f"2027 {name}",
            tags=self.tagged(tags),
            marks=read_marks(tags),
        )
        self.made[change.id] = {"image": name, "snapshot": snapshot}

    def launch(
        self,
        group: DesiredGroup,
        image: ImageToLaunch,
        count: int,
        tags: Mapping[str, str],
        started: int | None = None,
    ) -> None:
        """RunInstances, or a submit: of an image that exists, or that is not the account's own. Broken off,
        only some are `started`; jobs are in the queue all or none."""
        ami = image.id or self.made[image.staged_by or ""]["image"]
        if ami not in self.images and not ami.startswith("ami-public"):
            raise RefusedByCloud(f"InvalidAMIID.NotFound: {ami}")
        if group.launch is Launch.CONDOR:
            jobs = self.queue.submit(group, ami, tags, count)
            for name in jobs if started is None else jobs[:started]:
                self.start(name)
            return
        for _ in range(count if started is None else started):
            self.run(self.new_id("i"), group.settings, ami, tags)

    def start(self, name: str, born_tagged: bool = True) -> None:
        """HTCondor runs a job's machine. Nobody else is there to tag it."""
        job, order = self.queue.jobs[name], self.queue.orders[name]
        machine = job.machine or self.new_id("i")
        self.run(machine, order.settings, job.image, order.tags if born_tagged else {})
        self.machines[machine] = replace(self.machines[machine], marks=job.marks)
        self.queue.run(name, machine)

    def run(self, name: str, settings: LaunchSettings, ami: str, tags: Mapping[str, str]) -> None:
        """One machine, with what a cloud fills in by itself."""
        self.machines[name] = Machine(
            id=name,
            state=MachineState.RUNNING,
            image=ami,
            type=settings.type,
            launched=1.0,
            key_name=settings.key_name,
            groups=frozenset(settings.security_groups or ("default",)),
            subnet=settings.subnet or "subnet-default",
            availability_zone=settings.availability_zone or "us-east-1f",
            instance_profile=settings.instance_profile,
            tags=self.tagged(tags),
            marks=read_marks(tags),
        )

    def terminate(self, handles: Collection[MachineHandle]) -> None:
        """TerminateInstances, or condor_rm for what a job holds."""
        for handle in handles:
            if handle.job is not None:
                self.check_owned(self.queue.jobs[handle.job])
                self.remove(handle.job)
                continue
            name = str(handle.machine)
            self.check_owned(self.machines[name])
            self.machines[name] = replace(self.machines[name], state=MachineState.TERMINATED)
            self.let_go(self.queue.holder(name))

    def remove(self, name: str) -> None:
        """A job goes, and its machine with it."""
        machine = self.queue.jobs.pop(name).machine
        if machine is not None and machine in self.machines:
            self.machines[machine] = replace(self.machines[machine], state=MachineState.TERMINATED)

    def let_go(self, job: Job | None) -> None:
        """A machine was ended behind its job's back: only one that is over goes because of that."""
        if job is not None and not job.state.is_over:
            raise RefusedByCloud(f"the machine of {job} is to be ended through its job")
        if job is not None:
            del self.queue.jobs[job.id]

    def deregister(self, image: str | None) -> None:
        """DeregisterImage."""
        if image is not None:
            self.check_owned(self.images.pop(image))

    def delete(self, snapshots: Collection[str]) -> None:
        """DeleteSnapshot: not while an image uses it."""
        for name in snapshots:
            self.check_owned(self.snapshots.pop(name))
            users = [image.id for image in self.images.values() if name in image.snapshots]
            if users:
                raise RefusedByCloud(f"InvalidSnapshot.InUse: {name} by {users}")

    def tag(self, resources: Collection[str], tags: Mapping[str, str], unset: Collection[str]) -> None:
        """CreateTags and DeleteTags."""
        if self.tagging is Tagging.NONE:
            raise RefusedByCloud("this service takes no tags")
        for name in resources:
            if name in self.images:
                self.images[name] = retagged(self.check_owned(self.images[name]), tags, unset)
            elif name in self.snapshots:
                self.snapshots[name] = retagged(self.check_owned(self.snapshots[name]), tags, unset)
            else:
                self.machines[name] = retagged(self.check_owned(self.machines[name]), tags, unset)

    def check_owned(self, thing: T) -> T:
        """Nothing may be changed that is not the stack's."""
        if thing.marks is None or thing.marks.stack != self.stack or thing.marks.role == "manual":
            raise RefusedByCloud(f"{thing.id} is not ours to change")
        return thing


def retagged(thing: S, tags: Mapping[str, str], unset: Collection[str]) -> S:
    """A thing with some tags set and others taken off."""
    kept = {key: value for key, value in thing.tags.items() if key not in unset}
    after = {**kept, **tags}
    return replace(thing, tags=after, marks=read_marks(after))
