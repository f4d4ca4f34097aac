"""extenci: declarative VM images and instances on EC2-compatible clouds.

The jobs of the command line are functions here too: `load`, `validate`, `plan`, `save`, `apply`,
`apply_saved`, `status`, `doctor` (see `extenci.api`). They are imported when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from extenci.api import (
        Options,
        Planned,
        apply,
        apply_saved,
        doctor,
        load,
        plan,
        save,
        status,
        validate,
    )

__version__ = "0.1.0"

__all__ = [
    "Options",
    "Planned",
    "apply",
    "apply_saved",
    "doctor",
    "load",
    "plan",
    "save",
    "status",
    "validate",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from extenci import api  # noqa: PLC0415 - so that `extenci --help` need not wait for it

    return getattr(api, name)
