"""The step that waits for machines which an earlier run has launched."""

from __future__ import annotations

from extenci.apply.context import ChangeContext
from extenci.launch import engines
from extenci.model.outcome import Made, Outcome, Status
from extenci.model.work import AwaitWork


def await_machines(work: AwaitWork, context: ChangeContext) -> Outcome:
    """Wait until machines run, and record them."""
    ids = engines.await_running(work.machines, work.seconds, context.launching())
    return Outcome(context.change.id, Status.DONE, made=Made(machines=ids))
