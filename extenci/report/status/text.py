"""The status of a stack as text: desired, recorded and live, with the hosts to log in to."""

from __future__ import annotations

from extenci.model.observed import Unread
from extenci.model.reconcile import LastPass
from extenci.model.status import ImageStatus, InstancesStatus, MachineStatus, StackStatus, VmStatus
from extenci.model.text import listed
from extenci.report.reconcile.summary import FINE, place_text, time_text
from extenci.report.text.columns import columns
from extenci.report.text.palette import PLAIN, Palette
from extenci.report.text.safe import lines_of, safe


def render_status(status: StackStatus, *, palette: Palette = PLAIN) -> str:
    """The whole status; ends with a newline."""
    title = f"Stack {safe(status.stack)} on {safe(listed(status.services, most=8))}"
    sections = [
        [palette.paint(palette.heading, title)],
        image_lines(status.images, palette),
        *(instances_lines(group, palette) for group in status.instances),
        [line for machine in status.test_vms for line in test_vm_lines(machine)],
        sandbox_lines(status.sandbox_machines),
        unread_lines(status.unread, palette),
        [safe(note) for note in status.notes],
        last_pass_lines(status.last_pass, palette),
    ]
    if not status.images and not status.instances:
        sections.insert(1, ["The specs ask for nothing, and the stack owns nothing."])
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def image_lines(images: tuple[ImageStatus, ...], palette: Palette) -> list[str]:
    """One line an image."""
    if not images:
        return []
    header, *lines = columns(
        [
            ("IMAGE", "STATE", "ID", "SNAPSHOT", "DIGEST", "VERDICT", "OLDER"),
            *(image_row(image) for image in images),
        ]
    )
    return [palette.paint(palette.faint, header), *lines]


def image_row(image: ImageStatus) -> tuple[object, ...]:
    """The cells of an image."""
    digest = (image.digest or "-")[:12]
    older = ", ".join(image.older)
    return (
        image.address,
        image.state,
        image.id or "-",
        image.snapshot or "-",
        digest,
        image.verdict or "-",
        older,
    )


def instances_lines(group: InstancesStatus, palette: Palette) -> list[str]:
    """A group and its machines."""
    title = palette.paint(palette.heading, safe(group.address))
    counts = palette.paint(counts_colour(group, palette), count_text(group))
    return [f"{title}: {counts}", *columns([machine_row(machine) for machine in group.machines], "  ")]


def count_text(group: InstancesStatus) -> str:
    """`3 wanted, 2 running, 1 outdated`; the number on record only if it differs."""
    running = sum(machine.state == "running" for machine in group.machines)
    outdated = sum(machine.outdated for machine in group.machines)
    wanted = f"{group.wanted} wanted" if group.wanted else "none wanted"
    others = [f"{outdated} outdated"] if outdated else []
    others += [f"{group.recorded} recorded"] if group.recorded != len(group.machines) else []
    return ", ".join([wanted, f"{running} running", *others])


def counts_colour(group: InstancesStatus, palette: Palette) -> str:
    """Good if as many machines run as are wanted, all of them up to date."""
    running = sum(machine.state == "running" and not machine.outdated for machine in group.machines)
    return palette.good if running == group.wanted == len(group.machines) else palette.warning


def machine_row(machine: MachineStatus) -> tuple[object, ...]:
    """The cells of a machine."""
    job = f"job {machine.job}" if machine.job else ""
    notes = ", ".join(note for note in (job, "outdated" if machine.outdated else "") if note)
    return machine.id, machine.state, machine.host or "-", machine.image, notes


def test_vm_lines(machine: VmStatus) -> list[str]:
    """A test VM: its address, how long it stays, and how to answer for it or end it."""
    until = f" until {safe(machine.expires)}" if machine.expires else ""
    address = safe(machine.address)
    title = f"Test VM {safe(machine.id)} of {address} at {safe(machine.host or '-')}"
    end = f"`extenci verify --end {address}` ends it."
    match machine.verdict:
        case "waiting":
            answer = f"  `extenci confirm {address} --yes` or `--no` answers."
            return [f"{title} waits for a person{until}.", answer, f"  {end}"]
        case None:
            return [f"{title} is being verified."]
        case _:
            return [f"{title} was kept{until}.", f"  {end}"]


def unread_lines(unread: tuple[Unread, ...], palette: Palette) -> list[str]:
    """The services that could not be read, of which nothing is shown."""
    if not unread:
        return []
    return [palette.paint(palette.alarm, "Not read"), *(f"  - {safe(one)}" for one in unread)]


def last_pass_lines(last: LastPass | None, palette: Palette) -> list[str]:
    """When the stack was last reconciled from this home, and how that ended."""
    if last is None:
        return []
    code = palette.good if last.status in FINE else palette.alarm
    place = safe(place_text(last.branch, last.commit))
    title = f"Reconciled {time_text(last.at)}{place}:"
    return [title, *(palette.paint(code, line) for line in lines_of(f"{last.summary}.", 80, "  "))]


def sandbox_lines(machines: str | None) -> list[str]:
    """Whether the sandbox's machines are real, if the stack is on the sandbox."""
    if machines is None:
        return []
    meaning = "simulated: nothing boots" if machines == "simulated" else f"real, run by {safe(machines)}"
    return [f"Machines of the sandbox are {meaning}."]
