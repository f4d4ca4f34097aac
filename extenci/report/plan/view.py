"""All that a format of plans is given to show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from extenci.model.plan import Plan
from extenci.report.text.palette import PLAIN, Palette


@dataclass(frozen=True)
class PlanView:
    """A plan, with the submit descriptions of its changes, by their ids, where they were asked for; and the
    colours and the width, in characters, of the terminal, for a format that uses them."""

    plan: Plan
    submits: Mapping[str, str] | None = None
    palette: Palette = PLAIN
    width: int = 80
