"""Spec roots: the folder that a path belongs to, and its settings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from extenci.model.errors import UsageError
from extenci.model.hook import Hook
from extenci.spec.settings.hooks import HookSpec, build_hooks
from extenci.spec.validation.faults import validate
from extenci.spec.validation.fields import ONE_LINE, Name
from extenci.spec.validation.strict import Strict
from extenci.spec.words import shown
from extenci.spec.yaml.document import Document, Fault, Mark
from extenci.spec.yaml.load import load_document

SETTINGS_FILE = "extenci.yaml"
SERVICES_FOLDER = "services"

Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=ONE_LINE)]


class RootFile(Strict):
    """`extenci.yaml`: the name and the settings of a repository of specs."""

    format: Annotated[int, Field(ge=1, le=1)] = Field(default=1, description="Version of the file formats.")
    stack: Name | None = Field(default=None, description="The stack that owns everything made from here.")
    root: Name | None = Field(
        default=None,
        description="An id of this repository, which no other has. Everything made from here carries it, "
        "so that another repository with the same stack name is noticed.",
    )
    ignore: Annotated[list[Pattern], Field(max_length=100)] = Field(
        default_factory=list,
        description="YAML files that are not specs: names, paths or folders, with * and ?.",
    )
    hooks: Annotated[list[HookSpec], Field(max_length=20)] = Field(
        default_factory=list,
        description="Programs and URLs that are told the results of commands, where the user allows it.",
    )


@dataclass(frozen=True)
class Root:
    """A root's absolute folder, its settings file (None where there is none) and its settings."""

    folder: Path
    settings: Document | None
    stack: str | None
    ignore: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    root_id: str | None = None
    hooks: tuple[Hook, ...] = ()


def find_root(path: Path) -> Path:
    """The nearest folder at or above a path that has an extenci.yaml, else the path's own folder.

    UsageError where the path does not exist.
    """
    real = resolve_path(path)
    folder = real if real.is_dir() else real.parent
    return next((f for f in (folder, *folder.parents) if os.path.lexists(f / SETTINGS_FILE)), folder)


def resolve_path(path: Path) -> Path:
    """The path with all links followed. UsageError where nothing is there."""
    try:
        real = Path(os.path.realpath(path))
        real.stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a path"
        raise UsageError(
            f"{shown(path)} cannot be used: {reason}.", "Name a folder of specs, or a file in one."
        ) from None
    return real


def find_common_root(paths: Sequence[Path]) -> Path:
    """The root that all paths share; UsageError where they do not."""
    roots = sorted({find_root(path) for path in paths})
    if len(roots) > 1:
        names = ", ".join(shown(root) for root in roots)
        raise UsageError(
            f"The paths belong to different spec roots: {names}.",
            "Each root is a stack of its own; name paths of one at a time.",
        )
    return roots[0]


def read_root(folder: Path) -> Root:
    """A root's settings."""
    path = folder / SETTINGS_FILE
    if not os.path.lexists(path):
        return Root(folder, None, None)
    if not Path(os.path.realpath(path)).is_relative_to(folder):
        fault = Fault(Mark(), "is a link that leads out of the spec root; copy the file")
        return Root(folder, Document(path, None), None, (), (fault,))
    document = load_document(path)
    settings, faults = validate(RootFile, document)
    if settings is None:
        return Root(folder, document, None, (), tuple(faults))
    return Root(
        folder,
        document,
        settings.stack,
        tuple(settings.ignore),
        tuple(faults),
        settings.root,
        build_hooks(settings.hooks),
    )
