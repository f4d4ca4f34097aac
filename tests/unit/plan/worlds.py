"""Generated specs and observed states: owned, foreign, of other stacks, half made, shared, gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from extenci.model.address import Address
from extenci.model.desired import (
    Desired,
    DesiredGroup,
    DesiredImage,
    ImageId,
    ImageReference,
    LaunchSettings,
    Origin,
    Selection,
)
from extenci.model.launch import Launch
from extenci.model.observed import (
    Image,
    ImageState,
    Job,
    JobState,
    Machine,
    MachineState,
    Observation,
    QueueFacts,
    ServiceState,
    Snapshot,
    SnapshotState,
)
from extenci.model.ownership import Marks, Role, launch_mark, settings_mark
from extenci.model.record import AppliedRecord, Records, ResourceKind, ResourceRecord
from extenci.model.service import Limits, Service, Tagging
from extenci.model.version import GIB, Architecture, BootMode, Disk, Method, Registration, Version
from extenci.observe.join import join
from extenci.plan.fields import desired_fields
from tests.unit.plan.queue_model import Ordered
from tests.unit.plan.scenery import NOW, STACK, digest

IMAGES = ("a", "b", "c")
GROUPS = ("p", "q")
CONTENTS = ("A", "B", "C")
HERE = Origin("specs.yaml", 1, 1)
TAGS = st.sampled_from(({}, {"team": "physics"}, {"team": "maths", "cost": "7"}))
ROLES = st.sampled_from((Role.POOL,) * 6 + (Role.MANUAL, Role.TEST))
SETTINGS = st.builds(
    LaunchSettings,
    type=st.sampled_from(("t3.micro", "m5.large")),
    key_name=st.sampled_from((None, None, "mine")),
    user_data=st.sampled_from((None, "ZGF0YQ==")),
    security_groups=st.sampled_from(((), ("ssh",))),
)


@dataclass(frozen=True)
class World:
    """The inputs of a plan."""

    desired: Desired
    disks: Mapping[Address, Disk]
    observation: Observation
    records: Records
    orders: Mapping[str, Ordered]

    @property
    def state(self) -> ServiceState:
        """What the one service reports."""
        return self.observation.services["sandbox"]

    @property
    def tagging(self) -> Tagging:
        """When that service takes tags."""
        return self.desired.services["sandbox"].tags


def at(name: str) -> Address:
    """An address on the one service."""
    return Address("sandbox", name)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Any inputs of a plan."""
    service = Service(
        "sandbox",
        "us-east-1",
        tags=draw(st.sampled_from((Tagging.CREATE, Tagging.CREATE, Tagging.AFTER, Tagging.NONE))),
        limits=Limits(instances=draw(st.sampled_from((None, None, 4, 9)))),
    )
    images = tuple(draw(image_specs(name)) for name in IMAGES if draw(st.booleans()))
    groups = tuple(draw(group_specs(name, images)) for name in GROUPS if draw(st.booleans()))
    desired = Desired(STACK, "/specs", {"sandbox": service}, images, groups, draw(selections()))
    disks = {spec.address: draw(read_disks(spec)) for spec in images if draw(st.integers(0, 9))}
    state, orders = draw(states(groups, service.tags))
    observation = Observation({"sandbox": state})
    return World(desired, disks, observation, draw(memories(desired, observation)), orders)


@st.composite
def read_disks(draw: st.DrawFn, spec: DesiredImage) -> Disk:
    """What is read of a source. A pin says what its content is."""
    if spec.sha256:
        return Disk(digest("A"), GIB, 8, sha256=spec.sha256)
    return Disk(digest(draw(st.sampled_from(CONTENTS))), draw(st.integers(1, 2)) * GIB, 8)


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    """Everything, mostly, or some addresses."""
    if draw(st.integers(0, 2)):
        return Selection()
    return Selection(addresses=frozenset(at(name) for name in (*IMAGES, *GROUPS, "z") if draw(st.booleans())))


@st.composite
def image_specs(draw: st.DrawFn, name: str) -> DesiredImage:
    """One desired image."""
    return DesiredImage(
        address=at(name),
        origin=HERE,
        source=f"/{name}.raw",
        method=Method.EBS,
        sha256=draw(st.sampled_from((None, "pin-A"))),
        boot_mode=draw(st.sampled_from((None, BootMode.UEFI))),
        gib=draw(st.sampled_from((None, None, 1, 2, 3))),
        keep=draw(st.integers(0, 2)),
        protect=draw(st.integers(0, 5)) == 0,
        tags=draw(TAGS),
    )


@st.composite
def group_specs(draw: st.DrawFn, name: str, images: tuple[DesiredImage, ...]) -> DesiredGroup:
    """One desired group."""
    by_address: list[ImageReference] = [spec.address for spec in images]
    return DesiredGroup(
        address=at(name),
        origin=HERE,
        image=draw(st.sampled_from([*by_address, *by_address, ImageId("ami-public"), ImageId("ami-0")])),
        count=draw(st.integers(0, 4)),
        settings=draw(SETTINGS),
        launch=draw(st.sampled_from(Launch)),
        max_unavailable=draw(st.integers(0, 3)),
        protect=draw(st.integers(0, 5)) == 0,
        tags=draw(TAGS),
    )


@st.composite
def states(
    draw: st.DrawFn, groups: tuple[DesiredGroup, ...], tagging: Tagging
) -> tuple[ServiceState, Mapping[str, Ordered]]:
    """What a service and its HTCondor may report, and what the jobs were told. `ami-0` is always there, and
    foreign."""
    snapshots = [draw(observed_snapshots(number, tagging)) for number in range(draw(st.integers(0, 4)))]
    images = [Image("ami-0", "theirs", ImageState.AVAILABLE, ("snap-foreign",), gib=1)]
    images += [
        draw(observed_images(number, snapshots, tagging)) for number in range(1, draw(st.integers(1, 5)))
    ]
    named: dict[str, Image] = {}
    for image in images:
        name = image.name if image.name not in named else f"twin of {image.id}"
        named[name] = replace(image, name=name)
    calm = draw(st.booleans())
    held = [
        draw(held_machines(number, list(named.values()), groups, tagging, calm))
        for number in range(draw(st.integers(0, 6)))
    ]
    machines = join(
        [one.machine for one in held if one.machine is not None], [one.job for one in held if one.job]
    )
    orders = {one.job.id: one.order for one in held if one.job}
    limits = draw(st.sampled_from((None, QueueFacts(), QueueFacts(most_submitted=1))))
    state = ServiceState("sandbox", NOW, tuple(named.values()), tuple(snapshots), machines, limits)
    return state, orders


def seen(marks: Marks, tags: Mapping[str, str], tagging: Tagging, tagged: bool) -> dict[str, str]:
    """The tags that a thing carries where the service takes them."""
    if tagging is Tagging.NONE or (tagging is Tagging.AFTER and not tagged):
        return {}
    return marks.to_tags(tags)


@st.composite
def observed_snapshots(draw: st.DrawFn, number: int, tagging: Tagging) -> Snapshot:
    """An owned snapshot in any state."""
    content, tags = draw(st.sampled_from(CONTENTS)), draw(TAGS)
    gib = draw(st.integers(1, 2))
    marks = Marks(
        STACK,
        "sandbox",
        draw(st.sampled_from((*IMAGES, "z"))),
        role=draw(ROLES),
        digest=digest(content),
        version=str(Version(digest(content), Registration(Architecture.X86_64, None, Method.EBS, gib))),
        source_sha256=f"pin-{content}" if draw(st.booleans()) else None,
        protect=draw(st.integers(0, 5)) == 0,
        tag_keys=tuple(sorted(tags)),
    )
    return Snapshot(
        f"snap-{number}",
        draw(st.sampled_from((*[SnapshotState.COMPLETED] * 3, *SnapshotState))),
        gib,
        started=str(draw(st.integers(0, 3))),
        tags=seen(marks, tags, tagging, draw(st.booleans())),
        marks=marks,
    )


@st.composite
def observed_images(draw: st.DrawFn, number: int, snapshots: list[Snapshot], tagging: Tagging) -> Image:
    """An image: owned, of another stack, or foreign; with a snapshot of its content, if there is one."""
    content, tags, boot = (
        draw(st.sampled_from(CONTENTS)),
        draw(TAGS),
        draw(st.sampled_from((None, BootMode.UEFI))),
    )
    whole = SnapshotState.COMPLETED
    same = [s for s in snapshots if s.marks and s.marks.digest == digest(content) and s.state is whole]
    snapshot = draw(st.sampled_from([*same, *same, None]))
    gib = max(draw(st.integers(1, 2)), snapshot.gib if snapshot else 1)
    version = Version(digest(content), Registration(Architecture.X86_64, boot, Method.EBS, gib))
    marks = Marks(
        draw(st.sampled_from((STACK,) * 5 + ("others",))),
        "sandbox",
        draw(st.sampled_from((*IMAGES, *IMAGES, "z"))),
        role=draw(ROLES),
        digest=digest(content),
        version=str(version),
        source_sha256=f"pin-{content}" if draw(st.booleans()) else None,
        protect=draw(st.integers(0, 5)) == 0,
        tag_keys=tuple(sorted(tags)),
    )
    foreign = not draw(st.integers(0, 5))
    return Image(
        f"ami-{number}",
        version.image_name(marks.name, STACK if foreign else marks.stack),
        draw(st.sampled_from((*[ImageState.AVAILABLE] * 3, *ImageState))),
        (snapshot.id,) if snapshot else (f"snap-unmarked-{number}",),
        gib=gib,
        created=str(draw(st.integers(0, 3))),
        tags={} if foreign else seen(marks, tags, tagging, draw(st.booleans())),
        marks=None if foreign else marks,
    )


@dataclass(frozen=True)
class Held:
    """A machine, a job, or both together."""

    machine: Machine | None
    job: Job | None
    order: Ordered


@st.composite
def held_machines(
    draw: st.DrawFn,
    number: int,
    images: list[Image],
    groups: tuple[DesiredGroup, ...],
    tagging: Tagging,
    calm: bool,
) -> Held:
    """A machine of a desired group or another: with a job or without, or a job alone. None runs from an image
    that failed to be registered. Where it is `calm`, nothing is young and nothing is on its way."""
    ages = (500, 5000) if calm else (10, 500, 5000)
    name, tags = draw(st.sampled_from((*GROUPS, *GROUPS, "z"))), draw(TAGS)
    image = draw(st.sampled_from([image for image in images if image.state is not ImageState.FAILED]))
    spec = next((group for group in groups if group.address == at(name)), None)
    settings = spec.settings if spec and draw(st.integers(0, 3)) else draw(SETTINGS)
    launch = spec.launch if spec and draw(st.integers(0, 3)) else draw(st.sampled_from(Launch))
    hidden = replace(spec, settings=settings, launch=launch) if spec else None
    marks = Marks(
        STACK,
        "sandbox",
        name,
        role=draw(ROLES),
        version=image.marks.version if image.marks and draw(st.booleans()) else None,
        settings=settings_mark(hidden) if hidden else draw(st.sampled_from((None, "0:odd", "1:other"))),
        protect=draw(st.integers(0, 5)) == 0,
        tag_keys=tuple(sorted(tags)),
    )
    machine = Machine(
        f"i-{number}",
        draw(st.sampled_from((*[MachineState.RUNNING] * 4, *MachineState))),
        image.id,
        settings.type,
        launched=NOW - draw(st.sampled_from(ages)),
        key_name=settings.key_name,
        groups=frozenset(settings.security_groups or ("default",)),
        tags=seen(marks, tags, tagging, draw(st.booleans())),
        marks=marks,
    )
    order = Ordered(settings, marks.to_tags(tags))
    has_job = launch is Launch.CONDOR and draw(st.integers(0, 4)) > 0
    if not has_job:
        return Held(machine, None, order)
    made = draw(jobs_of(machine, launch_mark(hidden) if hidden else "", calm))
    job = replace(made, id=f"{number + 1}.0", client_token=f"token-{number}" if made.machine else "")
    return Held(machine if job.machine and draw(st.integers(0, 4)) else None, job, order)


STATES = (JobState.RUNNING, JobState.RUNNING, JobState.HELD, JobState.REMOVED, JobState.COMPLETED)


@st.composite
def jobs_of(draw: st.DrawFn, machine: Machine, mark: str, calm: bool) -> Job:
    """A job that has started a machine or is to start one, in any state that HTCondor knows."""
    state = draw(st.sampled_from(STATES if calm else (*STATES, JobState.IDLE, JobState.IDLE)))
    names_it = state is JobState.RUNNING or draw(st.booleans())
    return Job(
        "",
        state,
        entered=NOW - draw(st.sampled_from((500, 5000) if calm else (10, 500, 5000))),
        queued=NOW - 6000,
        image=machine.image,
        type=machine.type,
        machine=machine.id if names_it else None,
        launch=mark,
        hold_reason="why" if state is JobState.HELD else "",
        hold_code=draw(st.sampled_from((1, 37, 42))) if state is JobState.HELD else 0,
        marks=machine.marks,
    )


@st.composite
def memories(draw: st.DrawFn, desired: Desired, observation: Observation) -> Records:
    """Records of some of what is there, and of what is gone."""
    state = observation.services["sandbox"]
    resources = [
        ResourceRecord("sandbox", machine.id, ResourceKind.MACHINE, machine.marks.address, machine.tags)
        for machine in state.machines
        if machine.exists and machine.marks and draw(st.booleans())
    ]
    resources += [
        ResourceRecord("sandbox", f"gone-{number}", draw(st.sampled_from(ResourceKind)), at("p"), {})
        for number in range(draw(st.integers(0, 2)))
    ]
    applied = {
        spec.address: AppliedRecord(spec.address, {**desired_fields(spec), "count": draw(st.integers(0, 4))})
        for spec in desired.instances
        if draw(st.booleans())
    }
    return Records(tuple(resources), applied)
