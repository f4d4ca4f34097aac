"""Machines whose jobs are in the queue of another schedd than this home's: only that one can end them."""

from __future__ import annotations

from collections.abc import Sequence

from extenci.model.observed import Machine, QueueFacts
from extenci.model.ownership import SCHEDD
from extenci.model.text import counted, listed


def explain_other_schedds(machines: Sequence[Machine], queue: QueueFacts | None) -> str:
    """The reason why machines that other schedds' jobs hold are neither ended nor replaced."""
    names = listed(sorted({str(machine.other_schedd) for machine in machines}))
    ids, is_one = listed([machine.id for machine in machines]), len(machines) == 1
    used = f", not {queue.schedd}, which is used here" if queue is not None and queue.schedd else ""
    return (
        f"{counted(len(machines), 'machine')} ({ids}) would have to be ended, and the schedd {names} has "
        f"{'its job' if is_one else 'their jobs'}{used}. Apply where that schedd is used, or name it under "
        f"`condor: schedd:` in the service's file. If it is gone for good, remove the tag {SCHEDD} from "
        f"{'it' if is_one else 'them'} first."
    )
