"""extenci: declarative VM images and instances on EC2-compatible clouds.

The jobs of the command line are functions here too: `load`, `validate`, `plan`, `save`, `apply`,
`apply_saved`, `verify`, `confirm`, `stage`, `unstage`, `run_test_vm`, `unbundle`, `gc`, `status` and
`doctor`. They are those of `extenci.api`, and are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from extenci.api import (
        Home,
        Options,
        Planned,
        StageResult,
        Staging,
        apply,
        apply_saved,
        confirm,
        doctor,
        empty_stack,
        gc,
        load,
        plan,
        run_test_vm,
        save,
        stage,
        status,
        unbundle,
        unstage,
        validate,
        verify,
    )

from extenci.model.release import __version__ as __version__

__all__ = [
    "Home",
    "Options",
    "Planned",
    "StageResult",
    "Staging",
    "apply",
    "apply_saved",
    "confirm",
    "doctor",
    "empty_stack",
    "gc",
    "load",
    "plan",
    "run_test_vm",
    "save",
    "stage",
    "status",
    "unbundle",
    "unstage",
    "validate",
    "verify",
]

# Four functions have the names of packages. A package becomes an attribute of its parent when it is first
# imported, and only then; so these (empty) packages are imported now, and their attributes removed.
for _name in ("apply", "plan", "stage", "verify"):
    import_module(f"extenci.{_name}")
    del globals()[_name]
del _name


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module("extenci.api"), name)
    return value
