"""The status of a stack as text: desired, recorded and live, with the hosts to log in to."""

from __future__ import annotations

from collections.abc import Sequence

from extenci.model.observed import Unread
from extenci.model.reconcile import LastPass
from extenci.model.status import (
    ImageStatus,
    InstancesStatus,
    MachineStatus,
    RefusedVersion,
    StackStatus,
    TestVmStatus,
)
from extenci.model.text import listed
from extenci.report.reconcile.summary import FINE, place_text, time_text
from extenci.report.text.columns import columns
from extenci.report.text.palette import PLAIN, Palette
from extenci.report.text.quantities import duration
from extenci.report.text.safe import lines_of, paragraph, safe

UNBROKEN = 100_000
"""The width where lines are not broken."""
Row = tuple[str, ...]
STAYS = {
    "": "is being tested",
    "waiting": "waits for a person",
    "failed": "was kept after it failed",
    "expired": "was not confirmed in time",
}
"""The purpose of a test VM, by the verdict on its version."""


def render_status(
    status: StackStatus, *, palette: Palette = PLAIN, width: int | None = None, now: float = 0.0
) -> str:
    """The whole status; ends with a newline. Tables that are wider than `width` leave columns out. Ages are
    as of `now`, in seconds since the epoch."""
    title = f"Stack {safe(status.stack)} on {safe(listed(status.services, most=8))}"
    sections = [
        [palette.paint(palette.heading, title)],
        image_lines(status.images, palette, width),
        *(instances_lines(group, palette, width, now) for group in status.instances),
        test_vm_lines(status.test_vms, palette, now),
        refused_lines(status.refused, palette, width, now),
        sandbox_lines(status.sandbox_machines),
        unread_lines(status.unread, palette),
        [safe(note) for note in status.notes],
        last_pass_lines(status.last_pass, palette),
    ]
    if not status.images and not status.instances:
        sections.insert(1, ["The specs ask for nothing, and the stack owns nothing."])
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def image_lines(images: tuple[ImageStatus, ...], palette: Palette, width: int | None) -> list[str]:
    """One line an image."""
    if not images:
        return []
    header = ("IMAGE", "STATE", "ID", "SNAPSHOT", "DIGEST", "VERDICT", "OLDER")
    rows = [header, *map(image_row, images)]
    first, *lines = fitting([rows, [brief_row(row) for row in rows]], width)
    return [palette.paint(palette.faint, first), *lines]


def image_row(image: ImageStatus) -> tuple[str, ...]:
    """The cells of an image."""
    digest = (image.digest or "-")[:12]
    older = ", ".join(image.older)
    address, verdict = str(image.address), image.verdict or "-"
    return address, image.state, image.id or "-", image.snapshot or "-", digest, verdict, older


def brief_row(row: Row) -> Row:
    """The cells of an image that a narrow terminal has room for. Older versions are counted."""
    address, state, id_, _snapshot, _digest, verdict, older = row
    count = str(older.count(",") + 1) if older and older != "OLDER" else older
    return address, state, id_, verdict, count


def fitting(tables: Sequence[Sequence[Row]], width: int | None, indent: str = "") -> list[str]:
    """The lines of the first table that is not wider than `width`; of the last where all are."""
    found: list[str] = []
    for rows in tables:
        found = columns(rows, indent)
        if width is None or max(map(len, found), default=0) <= width:
            break
    return found


def instances_lines(group: InstancesStatus, palette: Palette, width: int | None, now: float) -> list[str]:
    """A group and its machines."""
    title = palette.paint(palette.heading, safe(group.address))
    counts = palette.paint(counts_colour(group, palette), count_text(group))
    rows = [machine_row(machine, now) for machine in group.machines]
    brief = [(id_, state, host, type_, age, notes) for id_, state, host, _image, type_, age, notes in rows]
    return [f"{title}: {counts}", *fitting([rows, brief], width, "  ")]


def test_vm_lines(machines: tuple[TestVmStatus, ...], palette: Palette, now: float) -> list[str]:
    """The test VMs that have not ended, each with what becomes of it and how to end it."""
    if not machines:
        return []
    lines = [palette.paint(palette.heading, "Test VMs")]
    for one in machines:
        address = safe(one.address)
        until = f", until {safe(one.expires)} at most" if one.expires else ""
        old = f", {age_of(one.launched, now)} old" if one.launched else ""
        machine = f"{safe(one.id or 'a job')}, {safe(one.type)}{old}, {safe(one.host or 'no address yet')}"
        lines.append(f"  {address}: {machine}")
        lines.append(f"    {STAYS.get(one.verdict or '', 'is kept')}{until}")
        if one.verdict == "waiting":
            lines.append(f"    answer: extenci confirm {address} --yes (or --no)")
        if one.verdict is not None:
            lines.append(f"    end it: extenci verify --end {address}")
    return lines


def refused_lines(
    refused: tuple[RefusedVersion, ...], palette: Palette, width: int | None, now: float
) -> list[str]:
    """The versions that are gone, since they did not pass."""
    if not refused:
        return []
    lines = [palette.paint(palette.heading, "Versions that did not pass, and are no longer staged")]
    for one in refused:
        ago = f" {age_of(one.at, now)} ago" if one.at else ""
        lines.append(f"  {safe(one.address)} {safe(one.version)}: {safe(one.verdict)}{ago}")
        lines += paragraph(one.summary, width or UNBROKEN, "    ") if one.summary else []
    return lines


def age_of(then: float, now: float) -> str:
    """The time since, in one unit."""
    return " ".join(duration(max(0, int(now - then))).split()[:2])


def count_text(group: InstancesStatus) -> str:
    """`3 desired, 2 running, 1 outdated`; the number on record only if it differs."""
    running = sum(machine.state == "running" for machine in group.machines)
    outdated = sum(machine.outdated for machine in group.machines)
    wanted = f"{group.wanted} desired" if group.wanted else "none desired"
    others = [f"{outdated} outdated"] if outdated else []
    others += [f"{group.recorded} recorded"] if group.recorded != len(group.machines) else []
    return ", ".join([wanted, f"{running} running", *others])


def counts_colour(group: InstancesStatus, palette: Palette) -> str:
    """Good if as many machines run as are desired, all of them up to date."""
    running = sum(machine.state == "running" and not machine.outdated for machine in group.machines)
    return palette.good if running == group.wanted == len(group.machines) else palette.warning


def machine_row(machine: MachineStatus, now: float) -> tuple[str, ...]:
    """The cells of a machine."""
    job = f"job {machine.job}" if machine.job else ""
    notes = ", ".join(note for note in (job, "outdated" if machine.outdated else "") if note)
    age = age_of(machine.launched, now) if machine.launched else ""
    return machine.id, machine.state, machine.host or "-", machine.image, machine.type, age, notes


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
