"""A second look after a launch: where no lease keeps others away, somebody may have launched the same."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from extenci.launch import engines
from extenci.launch.context import LaunchContext
from extenci.launch.order import LaunchOrder
from extenci.model.observed import Machine
from extenci.model.ownership import Marks, read_marks
from extenci.model.text import counted


def launch_alone(order: LaunchOrder, context: LaunchContext) -> tuple[str, ...]:
    """Launch the machines of an order by the engine of its group, and wait until they run; their ids. Without
    a lease, those of them are ended that are too many by then. Errors as of `Engine.launch`."""
    ids = engines.launch(order, context)
    if context.clients.is_leased:
        return ids
    wanted = read_marks(order.tags)
    listed = context.clients.ec2.machines(context.stack, ids)
    over = surplus(listed, wanted, order.group.count, ids) if wanted is not None else ()
    if over:
        context.note(
            f"Somebody else launched machines of {context.address} at the same time: "
            f"{counted(len(over), 'machine')} too many {'is' if len(over) == 1 else 'are'} ended."
        )
        engines.end(engines.ENGINES[order.group.launch].find(over, context), context)
    return tuple(id_ for id_ in ids if id_ not in over)


def surplus(listed: Iterable[Machine], wanted: Marks, count: int, mine: Collection[str]) -> tuple[str, ...]:
    """Which of my machines are too many, where a group is to have `count`: of all that live, the oldest stay,
    so that everybody who looks decides alike."""
    alive = (one for one in listed if not one.state.is_gone and _is_same(one.marks, wanted))
    in_order = sorted(alive, key=lambda one: (one.launched, one.id))
    return tuple(one.id for one in in_order[count:] if one.id in mine)


def _is_same(marks: Marks | None, wanted: Marks) -> bool:
    """Whether a machine is one of the group's, of the same image and settings."""
    if marks is None or (marks.stack, marks.address, marks.role) != (
        wanted.stack,
        wanted.address,
        wanted.role,
    ):
        return False
    return (marks.digest, marks.settings) == (wanted.digest, wanted.settings)
