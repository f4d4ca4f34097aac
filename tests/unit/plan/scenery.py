"""Cases in files: a compact YAML form of specs, observations and records, and a plan as text.

    specs:
      services: {sandbox: {tags: after, delete_percent: 30, instances: 5}}   # default: sandbox, tags: create
      images: {worker: {disk: A}}                  # A, B, …: content; A:2 has 2 GiB; none: its file is gone
      instances: {pool: {image: worker, count: 3}} # type t3.micro where none is said
      select: [pool]                               # or exclude: [worker]
    there:                                         # `of` is the address of what is owned; the rest is foreign
      images: {ami-1: {of: worker, disk: A, snapshots: [snap-1]}}
      snapshots: {snap-1: {of: worker, disk: A}}
      machines: {i-1: {of: pool, image: ami-1, disk: A}}
      jobs: {"7.0": {of: pool, image: ami-1, disk: A, state: running, machine: i-1}}
      queue: {most_submitted: 20}
    records: {applied: {pool: {count: 2}}, machines: {i-9: {of: pool}}}
    plan: the expected plan, as `show_plan` writes it

Names without a slash are on `sandbox`. Now is the second 100,000; machines and jobs are an hour
old. A job is idle where nothing else is said (`state`, `hold: [37, 9]`); one with a machine, or that is
`submitted`, has a client token; one that `changed` did so between two readings of the queue.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from extenci.model.address import Address
from extenci.model.desired import (
    Desired,
    DesiredGroup,
    DesiredImage,
    ImageId,
    LaunchSettings,
    Origin,
    RootVolume,
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
from extenci.model.plan import Change, Plan
from extenci.model.record import AppliedRecord, Records, ResourceKind, ResourceRecord
from extenci.model.service import DELETE_PERCENT, Limits, Service, Tagging
from extenci.model.version import GIB, Architecture, BootMode, Disk, Method, Registration, Version
from extenci.model.work import (
    AdoptWork,
    AwaitWork,
    ForgetWork,
    ImageToLaunch,
    LaunchWork,
    RegisterWork,
    RemoveWork,
    ReplaceWork,
    StageWork,
    TerminateWork,
    UnstageWork,
    UpdateWork,
    VerifyWork,
)
from extenci.observe.join import join
from extenci.plan.fields import APPLIED_FROM, desired_fields
from extenci.plan.planner import make_plan

NOW = 100_000.0
STACK = "lab"
LETTERS = "ABCDEF"

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """The inputs of a plan and, as text, what is expected of it."""

    title: str
    desired: Desired
    disks: Mapping[Address, Disk]
    observation: Observation
    records: Records
    destroy: bool = False
    expected: str = ""

    def plan(self) -> Plan:
        """The plan of this case."""
        return make_plan(
            self.desired, self.disks, self.observation, self.records, now=NOW, destroy=self.destroy
        )


def read_case(path: Path) -> Case:
    """Read one case's file."""
    return build_case(path.stem, YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))


def build_case(title: str, body: Body) -> Case:
    """Build a case from its mapping."""
    specs = body.get("specs") or {}
    services = {
        name: service(name, said or {}) for name, said in (specs.get("services") or {"sandbox": {}}).items()
    }
    images = tuple(image_spec(name, said) for name, said in (specs.get("images") or {}).items())
    groups = tuple(group_spec(name, said) for name, said in (specs.get("instances") or {}).items())
    desired = Desired(STACK, "/specs", services, images, groups, selection(specs), specs.get("root"))
    disks = {
        address(name): disk(said["disk"], said.get("sha256"))
        for name, said in (specs.get("images") or {}).items()
        if said.get("disk")
    }
    there = body.get("there") or {}
    states = {
        name: state(name, there if name == "sandbox" else there.get(name, {}), groups) for name in services
    }
    return Case(
        title=title,
        desired=desired,
        disks=disks,
        observation=Observation(states),
        records=records(body.get("records") or {}, desired),
        destroy=body.get("destroy", False),
        expected=body.get("plan", ""),
    )


def address(name: str) -> Address:
    """`pool` or `sandbox/pool`."""
    return Address.parse(name if "/" in name else f"sandbox/{name}")


def digest(letter: str) -> str:
    """The digest of a content."""
    return hashlib.sha256(letter.encode()).hexdigest()


def disk(text: str, sha256: str | None = None) -> Disk:
    """`A` or `A:2`."""
    letter, _, gib = str(text).partition(":")
    return Disk(digest(letter), int(gib or 1) * GIB, blocks=8, sha256=sha256)


def service(name: str, said: Body) -> Service:
    """A service."""
    return Service(
        name=name,
        region="us-east-1",
        tags=Tagging(said.get("tags", "create")),
        limits=Limits(said.get("delete_percent", DELETE_PERCENT), said.get("instances")),
    )


def selection(specs: Body) -> Selection:
    """What is selected."""
    addresses, services = specs.get("select"), specs.get("select_services")
    return Selection(
        frozenset(address(name) for name in addresses) if addresses is not None else None,
        frozenset(services) if services is not None else None,
        frozenset(address(name) for name in specs.get("exclude", ())),
    )


def image_spec(name: str, said: Body) -> DesiredImage:
    """A desired image."""
    return DesiredImage(
        address=address(name),
        origin=Origin("images.yaml", 3, 5),
        source=f"/images/{name}.raw",
        method=Method(said.get("method", "ebs")),
        sha256=said.get("sha256"),
        architecture=Architecture(said.get("architecture", "x86_64")),
        boot_mode=BootMode(said["boot_mode"]) if "boot_mode" in said else None,
        gib=said.get("size"),
        keep=said.get("keep", 0),
        protect=said.get("protect", False),
        tags=said.get("tags", {}),
    )


def group_spec(name: str, said: Body) -> DesiredGroup:
    """A desired instance group."""
    where = address(name)
    image = said["image"]
    return DesiredGroup(
        address=where,
        origin=Origin("pools.yaml", 7, 5),
        image=ImageId(image) if image.startswith("ami-") else Address(where.service, image),
        count=said.get("count", 1),
        settings=launch_settings(said),
        launch=Launch(said.get("launch", "ec2")),
        max_unavailable=said.get("max_unavailable", 1),
        launch_timeout=said.get("launch_timeout", 900),
        protect=said.get("protect", False),
        tags=said.get("tags", {}),
    )


def launch_settings(said: Body) -> LaunchSettings:
    """Launch settings, of a spec or of a machine."""
    data = said.get("user_data")
    return LaunchSettings(
        type=said.get("type", "t3.micro"),
        key_name=said.get("key_name"),
        user_data=base64.b64encode(data.encode()).decode() if data else None,
        security_groups=tuple(said.get("security_groups", ())),
        subnet=said.get("subnet"),
        availability_zone=said.get("availability_zone"),
        instance_profile=said.get("instance_profile"),
        root_volume=RootVolume(**said["root_volume"]) if "root_volume" in said else None,
        spot_price=said.get("spot_price"),
    )


def version(said: Body) -> Version:
    """The version that something there is of."""
    letter, _, gib = str(said["disk"]).partition(":")
    return Version(
        digest(letter),
        Registration(
            Architecture(said.get("architecture", "x86_64")),
            BootMode(said["boot_mode"]) if "boot_mode" in said else None,
            Method(said.get("method", "ebs")),
            said.get("size", int(gib or 1)),
        ),
    )


def marks(name: str, said: Body, settings: str | None = None) -> Marks | None:
    """The marks of something there; None where it is foreign."""
    if "of" not in said:
        return None
    where = address(said["of"]) if "/" in said["of"] else Address(name, said["of"])
    known = version(said) if "disk" in said else None
    return Marks(
        stack=said.get("stack", STACK),
        service=where.service,
        name=where.name,
        role=Role(said.get("role", "pool")),
        digest=known.digest if known else None,
        version=str(known) if known else None,
        source_sha256=said.get("sha256"),
        settings=settings,
        plan="an-earlier-plan",
        protect=said.get("protect", False),
        tag_keys=tuple(sorted(said.get("tags", {}))),
        root_id=said.get("root"),
    )


def tags(said: Body, known: Marks | None) -> Mapping[str, str]:
    """The tags that something there carries."""
    own: Mapping[str, str] = said.get("tags", {})
    if known is None or said.get("untagged"):
        return own
    whole = {**known.to_tags(own), **said.get("other_tags", {})}
    return {key: value for key, value in whole.items() if key not in said.get("lost_tags", ())}


def state(name: str, there: Body, groups: tuple[DesiredGroup, ...]) -> ServiceState:
    """What a service reports."""
    return ServiceState(
        service=name,
        at=NOW,
        images=tuple(image(name, key, said) for key, said in (there.get("images") or {}).items()),
        snapshots=tuple(snapshot(name, key, said) for key, said in (there.get("snapshots") or {}).items()),
        machines=machines_and_jobs(name, there, groups),
        queue=QueueFacts(**there["queue"]) if "queue" in there else None,
    )


def machines_and_jobs(name: str, there: Body, groups: tuple[DesiredGroup, ...]) -> tuple[Machine, ...]:
    """The machines of a service, joined with the jobs; those that changed were not there at first."""
    found = [machine(name, key, said, groups) for key, said in machines(there)]
    said = there.get("jobs") or {}
    jobs = {key: job(name, key, one, groups) for key, one in said.items()}
    steady = [one for key, one in jobs.items() if not said[key].get("changed")]
    return join(found, steady, jobs.values())


def machines(there: Body) -> list[tuple[str, Body]]:
    """The machines there; `i-1..i-12` stands for twelve."""
    found: list[tuple[str, Body]] = []
    for key, said in (there.get("machines") or {}).items():
        first, dots, last = key.partition("..")
        numbers = range(int(first[2:]), int(last[2:]) + 1) if dots else ()
        found += [(f"i-{number:02}", said) for number in numbers] or [(key, said)]
    return found


def image(name: str, key: str, said: Body) -> Image:
    """An image that is there."""
    known = marks(name, said)
    real = version(said) if "disk" in said else None
    made = real.image_name(known.name, known.stack) if known and real else f"some {key}"
    return Image(
        id=key,
        name=said.get("name", made),
        state=ImageState(said.get("state", "available")),
        snapshots=tuple(said.get("snapshots", ())),
        architecture=said.get("architecture", "x86_64"),
        boot_mode=said.get("boot_mode"),
        gib=real.registration.gib if real else None,
        created=said.get("created", f"2026-01-01T00:00:00 {key}"),
        tags=tags(said, known),
        marks=known,
    )


def snapshot(name: str, key: str, said: Body) -> Snapshot:
    """A snapshot that is there."""
    known = marks(name, said)
    return Snapshot(
        id=key,
        state=SnapshotState(said.get("state", "completed")),
        gib=disk(said["disk"]).gib,
        started=said.get("started", key),
        tags=tags(said, known),
        marks=known,
    )


def machine(name: str, key: str, said: Body, groups: tuple[DesiredGroup, ...]) -> Machine:
    """A machine that is there. What is not said of its settings is as its group specs it."""
    spec = next((group for group in groups if group.address == address(said["of"])), None)
    hidden = spec or group_spec("x", {"image": "x"})
    if {"user_data", "spot_price", "root_volume"} & said.keys():
        hidden = replace(hidden, settings=launch_settings(said))
    known = marks(name, said, said.get("settings", settings_mark(hidden)))
    return Machine(
        id=key,
        state=MachineState(said.get("state", "running")),
        image=said["image"],
        type=said.get("type", "t3.micro"),
        launched=NOW - said.get("age", 3600),
        token=said.get("token", ""),
        host=f"{key}.example",
        key_name=said.get("key_name"),
        groups=frozenset(said.get("groups", ())),
        subnet=said.get("subnet"),
        availability_zone=said.get("availability_zone"),
        instance_profile=said.get("instance_profile"),
        reason=said.get("reason", ""),
        tags=tags(said, known),
        marks=known,
        other_schedd=said.get("other_schedd"),
    )


def job(name: str, key: str, said: Body, groups: tuple[DesiredGroup, ...]) -> Job:
    """A job that is there. What is not said of its settings is as its group specs it."""
    spec = next((group for group in groups if group.address == address(said["of"])), None)
    hidden = spec or group_spec("x", {"image": "x", "launch": "condor"})
    if {"type", "user_data", "key_name"} & said.keys():
        hidden = replace(hidden, settings=launch_settings(said))
    code, subcode = said.get("hold", (0, 0))
    has_token = "machine" in said or said.get("submitted")
    return Job(
        id=key,
        state=JobState(said.get("state", "held" if code else "idle")),
        entered=NOW - said.get("age", 3600),
        queued=NOW - said.get("queued", said.get("age", 3600)),
        image=said["image"],
        type=said.get("type", "t3.micro"),
        machine=said.get("machine"),
        client_token=f"token of {key}" if has_token else "",
        token="submit-1",
        launch=said.get("launch", launch_mark(hidden)),
        hold_reason=said.get("reason", ""),
        hold_code=code,
        hold_subcode=subcode,
        marks=marks(name, said, said.get("settings", settings_mark(hidden))),
    )


def records(said: Body, desired: Desired) -> Records:
    """What the catalog remembers. `applied` says what was otherwise than it is desired now."""
    wished: dict[Address, DesiredImage | DesiredGroup] = {spec.address: spec for spec in desired.images}
    wished |= {spec.address: spec for spec in desired.instances}
    applied = {}
    for name, other in (said.get("applied") or {}).items():
        spec = wished.get(address(name))
        applied[address(name)] = AppliedRecord(
            address(name), {APPLIED_FROM: "/specs", **(desired_fields(spec) if spec else {}), **(other or {})}
        )
    kinds = {
        "images": ResourceKind.IMAGE,
        "snapshots": ResourceKind.SNAPSHOT,
        "machines": ResourceKind.MACHINE,
    }
    resources = tuple(
        record(key, kind, what)
        for word, kind in kinds.items()
        for key, what in (said.get(word) or {}).items()
    )
    return Records(resources, applied)


def record(key: str, kind: ResourceKind, said: Body) -> ResourceRecord:
    """One recorded resource."""
    where = address(said["of"])
    return ResourceRecord(where.service, key, kind, where, said.get("tags", {}), said.get("facts", {}))


# A plan as text.


def show_plan(plan: Plan) -> str:
    """A plan as text for comparing: contents by their letters, one line a fact."""
    lines = [line for change in plan.changes for line in show_change(change)]
    lines += [line for change in plan.awaited for line in show_change(change)]
    lines += [f"drift {one.address} {one.path}: {one.before} → {one.after}" for one in plan.drift]
    lines += [f"blocked {one.action} {one.kind} {one.address}: {one.reason}" for one in plan.blocked]
    lines += [f"warning {text}" for text in plan.warnings]
    lines += [f"refused {text}" for text in plan.refusals]
    return by_letter("\n".join(lines))


def by_letter(text: str) -> str:
    """A text with contents by their letters."""
    for letter in LETTERS:
        text = text.replace(digest(letter), letter).replace(digest(letter)[:12], letter)
    return text


def show_change(change: Change) -> list[str]:
    """One change: what, how many and why, then how, then the fields."""
    lines = [f"{change.id} x{change.count}: {change.reason}", f"  {show_work(change)}"]
    lines += [f"  {field.path}: {field.before} → {field.after}" for field in change.fields]
    lines += [f"  after {', '.join(change.depends_on)}"] if change.depends_on else []
    return lines


def show_work(change: Change) -> str:  # noqa: C901, PLR0911, PLR0912 - one for each kind of work
    """What a change does."""
    match change.work:
        case StageWork() as work:
            going_on = f", going on with {work.snapshot}" if work.snapshot else ""
            parent = f", from {work.parent.snapshot}" if work.parent else ""
            return f"upload {change.address} {work.version} of {work.size // GIB} GiB{parent}{going_on}"
        case RegisterWork() as work:
            return f"register {work.version} from {work.snapshot or work.staged_by}"
        case LaunchWork() as work:
            return f"{work.count} from {show_image(work.image)}"
        case AwaitWork() as work:
            return f"{' '.join(str(one.handle) for one in work.machines)} for {work.seconds:.0f} s"
        case ReplaceWork() as work:
            way = "new ones first" if work.surge else "old ones first"
            machines = " ".join(map(str, work.machines))
            return f"{machines} from {show_image(work.image)}, {work.batch} at a time, {way}"
        case TerminateWork(machines=ended):
            return " ".join(map(str, ended))
        case UnstageWork() as work:
            return f"{work.image} and {' '.join(work.snapshots) or 'no snapshot'}"
        case UpdateWork() as work:
            return f"{' '.join(work.resources)}: {show_tags(work.set)} without {list(work.unset)}"
        case AdoptWork() as work:
            return f"{' '.join(work.resources)}: {show_tags(work.set)}"
        case RemoveWork() as work:
            return f"remove {', '.join((*work.key_pairs, *work.files))}"
        case ForgetWork() as work:
            return " ".join(work.resources)
        case VerifyWork() as work:
            return f"{work.version} from {show_image(work.image)} for {work.verify_hash}"
        case other:
            raise AssertionError(other)


def show_image(image: ImageToLaunch) -> str:
    """What is launched."""
    return str(image.id or image.staged_by)


def show_tags(said: Mapping[str, str]) -> str:
    """Tags in order."""
    return " ".join(f"{key}={value}" for key, value in sorted(said.items()))
