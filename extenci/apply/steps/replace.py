"""The step that replaces machines."""

from __future__ import annotations

from extenci.apply.context import ChangeContext
from extenci.apply.steps.machines import end_machines, image_to_launch
from extenci.launch import engines
from extenci.launch.order import LaunchOrder
from extenci.launch.second_look import launch_alone
from extenci.model.errors import Interrupted
from extenci.model.observed import MachineHandle
from extenci.model.outcome import Outcome, Status
from extenci.model.work import ReplaceWork


def replace(work: ReplaceWork, context: ChangeContext) -> Outcome:
    """Replace machines a batch at a time, so that no more are missing than the group allows."""
    handles, image = _to_replace(work, context), image_to_launch(work.image, context)
    launching, launched, total = context.launching(), 0, len(handles)
    for batch in _batches(handles, work.batch):
        if context.stop.is_set():
            raise Interrupted(f"{launched} of {total} machines were replaced before the stop.")
        if not work.surge:
            end_machines(batch, context)
        launch_alone(LaunchOrder(work.group, image, len(batch), work.tags, launched, total), launching)
        if work.surge:
            end_machines(batch, context)
        launched += len(batch)
    return Outcome(context.change.id, Status.DONE)


def _to_replace(work: ReplaceWork, context: ChangeContext) -> tuple[MachineHandle, ...]:
    """The handles of the machines to replace: those of the plan, and those of an older version that this run
    launched."""
    launched = context.made_by(work.launched_by).machines
    engine = engines.ENGINES[work.group.launch]
    return (*work.machines, *engine.find(launched, context.launching()))


def _batches(handles: tuple[MachineHandle, ...], size: int) -> list[tuple[MachineHandle, ...]]:
    return [handles[start : start + size] for start in range(0, len(handles), size)]
