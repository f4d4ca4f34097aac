"""How many ways the state machines try."""

from __future__ import annotations

import os

VARIABLE = "EXTENCI_EXAMPLES"


def examples(usual: int) -> int:
    """The number of examples: `usual`, or as many as the environment asks for."""
    return int(os.environ.get(VARIABLE, usual))
