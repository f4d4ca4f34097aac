"""The step that launches machines."""

from __future__ import annotations

from extenci.apply.context import ChangeContext
from extenci.apply.steps.machines import image_to_launch
from extenci.launch.order import LaunchOrder
from extenci.launch.second_look import launch_alone
from extenci.model.outcome import Made, Outcome, Status
from extenci.model.work import LaunchWork


def launch(work: LaunchWork, context: ChangeContext) -> Outcome:
    """Launch machines and wait until they run."""
    order = LaunchOrder(work.group, image_to_launch(work.image, context), work.count, work.tags)
    ids = launch_alone(order, context.launching())
    return Outcome(context.change.id, Status.DONE, made=Made(machines=ids))
