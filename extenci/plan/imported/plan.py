"""The plan of `extenci import`: one change, after which plans of the specs have nothing to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from extenci.model.action import Action, Effect
from extenci.model.address import Address, Kind
from extenci.model.desired import Desired, DesiredGroup, DesiredImage, ImageId, Selection
from extenci.model.errors import PlanError
from extenci.model.observed import Image, Machine, Observation, ServiceState, Snapshot
from extenci.model.ownership import EXPIRES, SETTINGS, VERDICT, Role, read_marks
from extenci.model.plan import Change, Plan
from extenci.model.record import Records
from extenci.model.version import Disk, Version
from extenci.model.work import ImportWork
from extenci.plan.images.changes import image_tags
from extenci.plan.images.content import registration
from extenci.plan.images.images import plan_images
from extenci.plan.imported.images import is_imported
from extenci.plan.imported.refusals import NOTHING_DONE
from extenci.plan.inputs import PlanInputs, gather_inputs
from extenci.plan.instances.changes import machine_tags
from extenci.plan.instances.groups import Group, find_image_source
from extenci.plan.instances.health import SETTLING
from extenci.plan.planner import make_plan

REASON = "imported"
STALE_MARKS = (VERDICT, EXPIRES)
"""Marks of what was made manually that plans would go by."""
T = TypeVar("T", Image, Snapshot, Machine)


@dataclass(frozen=True)
class ImportInputs:
    """What an import is planned from. `desired` has the spec, whether it stands in a file or not; `disks`
    those of its image and of others; `hidden_settings`: settings of the machines that no service reports
    (user data, root volume, spot price) are known to be those of the spec."""

    desired: Desired
    spec: DesiredImage | DesiredGroup
    observation: Observation
    records: Records
    disks: Mapping[Address, Disk]
    verify_hashes: Mapping[Address, str]
    now: float
    hidden_settings: bool = False

    @property
    def narrowed(self) -> Desired:
        """What is desired, with the spec alone selected."""
        return replace(self.desired, selection=Selection(frozenset({self.spec.address})))

    def gathered(self) -> PlanInputs:
        """The inputs of its plan."""
        return gather_inputs(
            self.narrowed,
            self.observation,
            self.records,
            disks=self.disks,
            now=self.now,
            verify_hashes=self.verify_hashes,
        )


def with_spec(desired: Desired, spec: DesiredImage | DesiredGroup) -> Desired:
    """What is desired, with another spec, which is selected alone."""
    selection = Selection(frozenset({spec.address}))
    if isinstance(spec, DesiredImage):
        return replace(desired, images=(*desired.images, spec), selection=selection)
    return replace(desired, instances=(*desired.instances, spec), selection=selection)


def plan_image_import(
    inputs: ImportInputs, image: Image, snapshots: Sequence[Snapshot], spec: DesiredImage
) -> Plan:
    """Mark an image, and the snapshot that it stands on unless that is another's, as the version that the
    spec asks for. PlanError where the next plan would remove or replace something because of it."""
    disk = inputs.disks[spec.address]
    version = Version(disk.digest, registration(spec, spec.gib or disk.gib))
    tags = image_tags(inputs.gathered(), spec, version)
    mine = [one for one in snapshots if belongs_to(one, image, inputs.desired.stack)]
    unset = () if is_imported(image, spec, inputs.desired.stack) else STALE_MARKS
    work = ImportWork(tags, present(unset, (image, *mine)), (image.id,), tuple(one.id for one in mine))
    return finish(inputs, Kind.IMAGE, work, (image, *mine))


def plan_group_import(inputs: ImportInputs, machines: Sequence[Machine], spec: DesiredGroup) -> Plan:
    """Mark machines as those of a group. PlanError where the next plan would end or replace one of the
    group's machines because of it."""
    gathered = inputs.gathered()
    sources = plan_images(gathered, gathered.indexes[spec.address.service]).sources
    source = ImageId(machines[0].image) if isinstance(spec.image, ImageId) else None
    group = Group(spec, source or find_image_source(spec, sources), (), (), (), 0, 0)
    tags = machine_tags(gathered, group)
    if not inputs.hidden_settings:
        del tags[SETTINGS]
    work = ImportWork(tags, present(STALE_MARKS, machines), machines=tuple(one.id for one in machines))
    return finish(inputs, Kind.INSTANCES, work, machines)


def finish(
    inputs: ImportInputs, kind: Kind, work: ImportWork, things: Iterable[Image | Snapshot | Machine]
) -> Plan:
    """The plan of one change, which is empty where all carry these tags already; PlanError as above."""
    address = inputs.spec.address
    require_quiet(inputs, work)
    missing = [one for one in things if not work.set.items() <= one.tags.items() or work.unset]
    number = len(work.machines) or 1
    change = Change(f"{Action.ADOPT} {address}", address, kind, Action.ADOPT, number, REASON, work)
    return Plan(inputs.desired.stack, (address.service,), (change,) if missing else ())


def require_quiet(inputs: ImportInputs, work: ImportWork) -> None:
    """PlanError where the next plan would remove, end or replace something at the address."""
    address = inputs.spec.address
    after = plan_after(inputs, work)
    for change in after.changes:
        if change.address == address and change.action.effect in {Effect.REPLACE, Effect.REMOVE}:
            raise PlanError(
                f"Once this is imported, the next plan would {change.action} {change.count} at {address}: "
                f"{change.reason}.",
                f"{NOTHING_DONE} Change the entry at {inputs.spec.origin} first: it must describe what "
                "is there.",
            )
    for blocked in after.blocked:
        if blocked.address == address and not blocked.waits:
            raise PlanError(
                f"Once this is imported, plans of {address} would be blocked: {blocked.reason}",
                f"{NOTHING_DONE} Change the entry at {inputs.spec.origin} first.",
            )


def plan_after(inputs: ImportInputs, work: ImportWork) -> Plan:
    """The plan of the address as it will be after the import, once its machines are no longer young."""
    service = inputs.spec.address.service
    state = imported_state(inputs.observation.services[service], work)
    return make_plan(
        inputs.narrowed,
        inputs.disks,
        replace(inputs.observation, services={**inputs.observation.services, service: state}),
        inputs.records,
        now=inputs.now + SETTLING,
        verify_hashes=inputs.verify_hashes,
    )


def imported_state(state: ServiceState, work: ImportWork) -> ServiceState:
    """A service's state with the tags of an import on what it takes."""
    taken = frozenset(work.resources)

    def mark(thing: T) -> T:
        if thing.id not in taken:
            return thing
        kept = {key: value for key, value in thing.tags.items() if key not in work.unset}
        tags = {**kept, **work.set}
        return replace(thing, tags=tags, marks=read_marks(tags))

    return replace(
        state,
        images=tuple(map(mark, state.images)),
        snapshots=tuple(map(mark, state.snapshots)),
        machines=tuple(map(mark, state.machines)),
    )


def belongs_to(snapshot: Snapshot, image: Image, stack: str) -> bool:
    """Whether a snapshot is imported with an image: one that has no owner, or where extenci staged the image,
    one that it made for that. Some services name yet another."""
    marks = snapshot.marks
    if image.marks is None or image.marks.digest is None:
        return marks is None
    return marks is not None and (marks.stack, marks.role) == (stack, Role.MANUAL)


def present(keys: Iterable[str], things: Iterable[Image | Snapshot | Machine]) -> tuple[str, ...]:
    """Those of some tags that any resource carries."""
    there = {key for one in things for key in one.tags}
    return tuple(key for key in keys if key in there)
