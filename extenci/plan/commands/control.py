"""The plans of `extenci control`: one machine that no plan of the specs looks after (role `manual`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.desired import Desired, DesiredGroup, ImageId, Origin
from extenci.model.errors import PlanError
from extenci.model.launch import Launch, LaunchSettings
from extenci.model.observed import Image, ImageState, Machine, Observation, ServiceState
from extenci.model.ownership import Marks, Role, settings_mark
from extenci.model.plan import Change, Plan
from extenci.model.text import listed
from extenci.model.work import ImageToLaunch, LaunchWork, TerminateWork
from extenci.plan.commands.unstage import names_of
from extenci.plan.instances.other_schedds import explain_other_schedds
from extenci.plan.service_index import has_role, newest_first

IMAGE_PREFIXES = ("ami-", "emi-")
"""How the ids of images begin, on EC2 and on Eucalyptus."""
ORIGIN = Origin("extenci control start", 0, 0)


@dataclass(frozen=True)
class MachineRequest:
    """One machine to start: from an image, given by its id, address or name; `name` is the machine's own,
    None: that of the image."""

    image: str
    settings: LaunchSettings
    launch: Launch
    name: str | None = None


def plan_start(desired: Desired, service: str, asked: MachineRequest, observation: Observation) -> Plan:
    """Launch one machine, marked `manual`, beside those of its name. PlanError where there is no such
    image."""
    state = observation.services[service]
    image = find_image(state, desired.stack, asked.image)
    version = image.marks if isinstance(image, Image) else None
    id_ = image.id if isinstance(image, Image) else image
    address = Address(service, asked.name or (version.name if version else id_))
    alike = [
        one for one in manual_machines(state, desired.stack) if one.marks and one.marks.address == address
    ]
    count = 1 + sum(not one.state.is_gone for one in alike)
    group = DesiredGroup(address, ORIGIN, ImageId(id_), count, asked.settings, asked.launch)
    marks = Marks(
        stack=desired.stack,
        root_id=desired.root_id,
        service=service,
        name=address.name,
        role=Role.MANUAL,
        digest=version.digest if version else None,
        version=version.version if version else None,
        settings=settings_mark(group),
    )
    change = Change(
        id=f"{Action.LAUNCH} {address}",
        address=address,
        kind=Kind.INSTANCES,
        action=Action.LAUNCH,
        count=1,
        reason="asked for",
        work=LaunchWork(group, ImageToLaunch(id_), 1, marks.to_tags()),
    )
    return Plan(desired.stack, (service,), (change,))


def find_image(state: ServiceState, stack: str, name: str) -> Image | str:
    """The image of an id, or the newest one of a stack's address or name that is available; the id itself,
    where the image is somebody else's. PlanError where there is none."""
    if any(one.id == name for one in state.images) or name.startswith(IMAGE_PREFIXES):
        return next((one for one in state.images if one.id == name), name)
    ours = [one for one in state.images if one.marks is not None and one.marks.stack == stack]
    usable = [one for one in newest_first(ours) if one.state is ImageState.AVAILABLE]
    if found := next((one for one in usable if name in names_of(one)), None):
        return found
    known = sorted({one.marks.name for one in usable if one.marks})
    there = f"It has: {listed(known)}." if known else "It has no images there."
    raise PlanError(
        f"The stack {stack} has no image {name} on {state.service} that could be started.",
        f"{there} Give one of these, or the id of any image. Nothing was done.",
    )


def manual_machines(state: ServiceState, stack: str) -> tuple[Machine, ...]:
    """The machines of a stack that were started manually, by the time of their launch. Those that have ended
    are among them as long as the service lists them."""
    found = (one for one in state.machines if has_role(one.marks, Role.MANUAL, stack, state.service))
    return tuple(sorted(found, key=lambda one: (one.launched, one.id)))


def plan_stop(desired: Desired, service: str, ids: Iterable[str], observation: Observation) -> Plan:
    """Terminate machines that were started manually: nothing, where they have ended already. PlanError where
    one does not exist, or is not the stack's, not manual, protected, or another schedd's."""
    state = observation.services[service]
    found = [find_machine(state, desired.stack, one) for one in dict.fromkeys(ids)]
    ended = [one for one in found if not one.state.is_gone]
    if elsewhere := [one for one in ended if one.other_schedd]:
        raise PlanError(explain_other_schedds(elsewhere, state.queue), "Nothing was done.")
    return Plan(desired.stack, (service,), tuple(map(end_machine, ended)))


def end_machine(machine: Machine) -> Change:
    """The change that terminates a machine."""
    assert machine.marks is not None, "a manual machine has marks"  # noqa: S101 - for the type checker
    address = machine.marks.address
    return Change(
        id=f"{Action.TERMINATE} {address} {machine.id}",
        address=address,
        kind=Kind.INSTANCES,
        action=Action.TERMINATE,
        count=1,
        reason="asked for",
        work=TerminateWork((machine.handle,)),
    )


def find_machine(state: ServiceState, stack: str, id_: str) -> Machine:
    """The machine of an id, which may be stopped manually (PlanError)."""
    manual = manual_machines(state, stack)
    machine = next((one for one in state.machines if one.id == id_), None)
    if machine is None or machine.marks is None or machine.marks.stack != stack:
        alive = [one.id for one in manual if not one.state.is_gone]
        there = f"Started manually and running: {listed(alive)}." if alive else "None was started manually."
        raise PlanError(f"The stack {stack} has no machine {id_} on {state.service}.", there)
    if machine not in manual:
        raise PlanError(
            f"The machine {id_} on {state.service} belongs to {machine.marks.address}, and was not started "
            "manually.",
            "Change its entry in the specs and apply them; `extenci verify --end ADDRESS` ends test VMs.",
        )
    if machine.marks.protect:
        raise PlanError(
            f"The machine {id_} is protected.",
            "extenci removes nothing that carries the tag extenci:protect.",
        )
    return machine
