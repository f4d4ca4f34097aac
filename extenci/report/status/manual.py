"""Machines that were started manually, as text."""

from __future__ import annotations

from collections.abc import Sequence

from extenci.model.observed import Machine
from extenci.report.status.text import age_of
from extenci.report.text.columns import columns
from extenci.report.text.palette import PLAIN, Palette
from extenci.report.text.safe import safe


def render_machines(machines: Sequence[Machine], now: float, *, palette: Palette = PLAIN) -> str:
    """One line a machine. `now` is in seconds since the epoch."""
    if not machines:
        return "No machine was started manually, or all have ended.\n"
    rows = [tuple(safe(cell) for cell in machine_row(one, now)) for one in machines]
    header, *lines = columns([("ID", "NAME", "STATE", "TYPE", "IMAGE", "HOST", "AGE"), *rows])
    return "\n".join([palette.paint(palette.faint, header), *lines]) + "\n"


def machine_row(machine: Machine, now: float) -> tuple[str, ...]:
    """The cells of a machine."""
    name = machine.marks.name if machine.marks else ""
    age = age_of(machine.launched, now) if machine.launched else "-"
    return (machine.id, name, str(machine.state), machine.type, machine.image, machine.host or "-", age)
