"""What is to be imported: the spec that describes it, and the plan of the import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from extenci.api.disks import known_disks, read_pinned_disks
from extenci.api.session import Observed, Session
from extenci.cloud.clients import Clients
from extenci.model.address import Address
from extenci.model.desired import DesiredGroup, DesiredImage
from extenci.model.errors import PlanError, ServiceError
from extenci.model.observed import Image, Machine, ServiceState, Snapshot
from extenci.model.plan import Plan
from extenci.model.service import Tagging
from extenci.model.text import listed
from extenci.model.version import Disk
from extenci.observe.content.snapshot import read_digest
from extenci.observe.verify_hashes import hash_verify_blocks
from extenci.plan.imported import images as image_rules
from extenci.plan.imported import machines as machine_rules
from extenci.plan.imported.plan import ImportInputs, plan_group_import, plan_image_import, with_spec
from extenci.plan.imported.refusals import NOTHING_DONE, require_free, require_unprotected

MACHINE_PREFIX = "i-"
"""How the ids of machines begin (EC2 API reference, `InstanceId`)."""


@dataclass(frozen=True)
class ImportRequest:
    """What to import, and what to make of it: `source` is the disk that an image was made from, for one that
    no spec describes; `write` the spec file that gets the entry; `root` the folder of the specs."""

    address: Address
    ids: tuple[str, ...]
    source: Path | None = None
    write: Path | None = None
    root: Path | None = None


@dataclass(frozen=True)
class Described:
    """The plan of an import, the spec that it goes by, and notes."""

    plan: Plan
    spec: DesiredImage | DesiredGroup
    notes: tuple[str, ...] = ()


def describe(
    session: Session, observed: Observed, request: ImportRequest, entry: DesiredImage | DesiredGroup | None
) -> Described:
    """The spec that what is to be imported belongs to, and the plan of the import."""
    if request.ids[0].startswith(MACHINE_PREFIX):
        assert not isinstance(entry, DesiredImage)  # noqa: S101 - require_consistent has seen to it
        return describe_machines(session, observed, request, entry)
    assert not isinstance(entry, DesiredGroup)  # noqa: S101 - require_consistent has seen to it
    return describe_image(session, observed, request, entry)


def describe_image(
    session: Session, observed: Observed, request: ImportRequest, entry: DesiredImage | None
) -> Described:
    """An image, and the entry that it is the staged version of."""
    address, desired = request.address, session.desired
    state, clients = observed.observation.services[address.service], session.clients[address.service]
    image = next((one for one in state.images if one.id == request.ids[0]), None)
    if image is None:
        raise not_found(request.ids, address)
    require_free(image, desired, address)
    image_rules.require_usable(image, address)
    sketch = entry or image_rules.sketch_image(
        image, address, str(request.source and request.source.resolve()), desired.services[address.service]
    )
    if entry is None:
        session = replace(session, desired=with_spec(desired, sketch))
    disks = known_disks(session)
    read_pinned_disks(session, disks, observed)
    if address not in disks:
        raise PlanError(
            f"The disk of {address} is not here, so nobody can tell whether {image.id} was made from it.",
            f"{NOTHING_DONE} Put {sketch.source} there.",
        )
    disk = disks[address]
    spec = entry or image_rules.describe_image(image, sketch, disk)
    require_unprotected(image, protect=spec.protect, origin=str(spec.origin))
    image_rules.require_described(image, spec, disk)
    seen, notes = see_content(session, image)
    image_rules.require_content(image, spec, disk, seen)
    if entry is None:
        session = replace(session, desired=with_spec(desired, spec))
    snapshots = clients.ec2.snapshots_by_id(image.snapshots) if image.snapshots else ()
    known = {one.id: one for one in state.snapshots}
    inputs = import_inputs(session, observed, spec, disks, snapshots=snapshots)
    mine = [known.get(one.id, one) for one in snapshots]
    return Described(plan_image_import(inputs, image, mine, spec), spec, notes)


def see_content(session: Session, image: Image) -> tuple[str | None, tuple[str, ...]]:
    """The digest of an image's content that carries no marks, by its snapshot's blocks; None where these
    cannot be read, with a note that says so."""
    if image.marks is not None and image.marks.digest:
        return None, ()
    if image.snapshots:
        (service,) = session.clients
        session.options.tell(f"Reading {image.snapshots[0]} to see whether its content is that of the disk")
        try:
            stop = session.options.stop or Event()
            return read_digest(session.clients[service], image.snapshots[0], stop), ()
        except ServiceError:
            pass
    note = f"The content of {image.id} could not be compared with the disk: your word is taken for it."
    return None, (note,)


def describe_machines(
    session: Session, observed: Observed, request: ImportRequest, entry: DesiredGroup | None
) -> Described:
    """Machines, and the group that they become a part of."""
    address, desired = request.address, session.desired
    state, clients = observed.observation.services[address.service], session.clients[address.service]
    machines = find_machines(clients, state, request.ids, address)
    for one in machines:
        require_free(one, desired, address)
    machine_rules.require_alike(machines, address)
    image = next((one for one in state.images if one.id == machines[0].image), None)
    spec = entry or machine_rules.describe_group(machines, address, image, desired.stack)
    for one in machines:
        require_unprotected(one, protect=spec.protect, origin=str(spec.origin))
    if entry is None:
        session = replace(session, desired=with_spec(desired, spec))
    disks = known_disks(session)
    read_pinned_disks(session, disks, observed)
    is_known, notes = compare_user_data(clients, machines, spec, is_new=entry is None)
    inputs = import_inputs(session, observed, spec, disks, machines=machines, hidden_settings=is_known)
    return Described(plan_group_import(inputs, machines, spec), spec, notes)


def find_machines(
    clients: Clients, state: ServiceState, ids: Sequence[str], address: Address
) -> tuple[Machine, ...]:
    """The machines with these ids, with what is known of those that are owned (PlanError)."""
    owned = {one.id: one for one in state.machines}
    others = clients.ec2.machines_by_id([one for one in ids if one not in owned])
    hides_marks = clients.service.tags is Tagging.NONE
    found = owned | {one.id: replace(one, marks=None) if hides_marks else one for one in others}
    if missing := [one for one in ids if one not in found]:
        raise not_found(missing, address)
    return tuple(found[one] for one in ids)


def not_found(ids: Sequence[str], address: Address) -> PlanError:
    """The error for ids that the account does not have."""
    return PlanError(
        f"There is no {listed(list(ids))} on {address.service}, as far as this account can see.",
        f"{NOTHING_DONE} Only what the account owns can be imported. Look at the id, and at the service's "
        "region.",
    )


def compare_user_data(
    clients: Clients, machines: Sequence[Machine], spec: DesiredGroup, *, is_new: bool
) -> tuple[bool, tuple[str, ...]]:
    """Whether machines are known to have the spec's user data and no spot price, and notes about it.
    PlanError where their entry asks for other user data."""
    try:
        found = {clients.ec2.user_data(one.id) for one in machines}
    except ServiceError:
        return False, ("Whether the machines have user data could not be read.",)
    if found == {spec.settings.user_data or ""}:
        return not any(one.spot for one in machines) and spec.settings.root_volume is None, ()
    if not is_new:
        raise PlanError(
            f"The machines were started with other user data than {spec.address} asks for at {spec.origin}.",
            f"{NOTHING_DONE} Make the entry say what the machines have.",
        )
    note = (
        "The machines were started with user data, which may hold secrets and is left out of the entry: add "
        "it as `user_data_file:` if their successors need it."
    )
    return False, (note,)


def import_inputs(
    session: Session,
    observed: Observed,
    spec: DesiredImage | DesiredGroup,
    disks: Mapping[Address, Disk],
    *,
    snapshots: Sequence[Snapshot] = (),
    machines: Sequence[Machine] = (),
    hidden_settings: bool = False,
) -> ImportInputs:
    """The inputs of the plan, with what is to be imported among what was observed."""
    service = spec.address.service
    state = observed.observation.services[service]
    known = {one.id for one in state.snapshots} | {one.id for one in state.machines}
    state = replace(
        state,
        snapshots=(*state.snapshots, *(one for one in snapshots if one.id not in known)),
        machines=(*state.machines, *(one for one in machines if one.id not in known)),
    )
    observation = replace(observed.observation, services={**observed.observation.services, service: state})
    return ImportInputs(
        desired=session.desired,
        spec=spec,
        observation=observation,
        records=observed.records,
        disks=disks,
        verify_hashes=hash_verify_blocks(session.desired.images),
        now=session.clock(),
        hidden_settings=hidden_settings,
    )
