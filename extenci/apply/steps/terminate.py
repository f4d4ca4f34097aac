"""The step that terminates machines."""

from __future__ import annotations

from extenci.apply.context import ChangeContext
from extenci.apply.steps.machines import delete_key_pairs, end_machines
from extenci.model.outcome import Outcome, Status
from extenci.model.work import TerminateWork


def terminate(work: TerminateWork, context: ChangeContext) -> Outcome:
    """End machines and wait until they are gone; delete the key pairs that were made for them alone."""
    end_machines(work.machines, context)
    delete_key_pairs(work.key_pairs, context)
    return Outcome(context.change.id, Status.DONE)
