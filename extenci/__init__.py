"""extenci: declarative VM images and instances on EC2-compatible clouds.

The jobs of the command line are functions here too: `load`, `validate`, `plan`, `save`, `apply`,
`apply_saved`, `verify`, `confirm`, `try_image` (of `desired_for_test_vm`),
`stage` (of `desired_for_staging`),
`unstage` (of `stack_on`), `unbundle`, `gc`, `status`, `doctor` (see `extenci.api`). They are imported when
they are first used.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from extenci.api import (
        Options,
        Planned,
        apply,
        apply_saved,
        confirm,
        desired_for_staging,
        desired_for_test_vm,
        doctor,
        gc,
        load,
        plan,
        save,
        stack_on,
        stage,
        status,
        try_image,
        unbundle,
        unstage,
        validate,
        verify,
    )

from extenci.model.release import __version__ as __version__

__all__ = [
    "Options",
    "Planned",
    "apply",
    "apply_saved",
    "confirm",
    "desired_for_staging",
    "desired_for_test_vm",
    "doctor",
    "gc",
    "load",
    "plan",
    "save",
    "stack_on",
    "stage",
    "status",
    "try_image",
    "unbundle",
    "unstage",
    "validate",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from extenci import api  # noqa: PLC0415 - so that `extenci --help` need not wait for it

    return getattr(api, name)


class _Package(ModuleType):
    """Some functions have the names of packages (`plan`, `verify`, `apply`). Importing such a package must
    not put it in the function's place: `from extenci.plan import …` finds it all the same."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
