"""Traces of a saved plan that was applied from another home, whose journal is not here."""

from __future__ import annotations

from extenci.model.observed import Observation
from extenci.model.text import counted, listed


def find_undone(run: str, observation: Observation) -> tuple[str, ...]:
    """Lines about machines that a run launched and that have ended since; services list them for a while.
    Its requests must not be repeated: their tokens stand for what is gone."""
    ended = sorted(
        machine.id
        for state in observation.services.values()
        for machine in state.machines
        if machine.state.is_gone and machine.marks is not None and machine.marks.plan == run
    )
    if not ended:
        return ()
    return (
        f"it was applied already, elsewhere: {counted(len(ended), 'machine')} of it ended ({listed(ended)})",
    )
