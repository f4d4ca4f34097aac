"""Specs: YAML → wishes. Everything is imported when it is used, since pydantic takes its time."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from extenci.spec.json_schema import json_schema
    from extenci.spec.load import load_wishes
    from extenci.spec.root import find_root
    from extenci.spec.services.file import read_service
    from extenci.spec.services.library import SANDBOX_STAND_IN

_HOMES = {
    "SANDBOX_STAND_IN": "extenci.spec.services.library",
    "find_root": "extenci.spec.root",
    "json_schema": "extenci.spec.json_schema",
    "load_wishes": "extenci.spec.load",
    "read_service": "extenci.spec.services.file",
}

__all__ = ["SANDBOX_STAND_IN", "find_root", "json_schema", "load_wishes", "read_service"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
