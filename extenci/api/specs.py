"""Specs, as the jobs need them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from extenci.api.sandbox import sandbox_service, with_running_sandbox
from extenci.catalog.home import Home
from extenci.catalog.services.files import service_files
from extenci.catalog.trust import allowed_paths
from extenci.model.desired import Desired
from extenci.spec.arguments import stack_on
from extenci.spec.files.recognition import find_candidates
from extenci.spec.files.root_files import list_files
from extenci.spec.load import load_desired
from extenci.spec.root import find_root, read_root
from extenci.spec.services.library import SANDBOX_STAND_IN


def load(
    paths: Sequence[Path] = (),
    *,
    home: Home | None = None,
    service: str | None = None,
    targets: Sequence[str] = (),
    excluded: Sequence[str] = (),
    tell: Callable[[str], None] = lambda _line: None,
) -> Desired:
    """Read the specs at `paths`, and start the sandbox if they use it (SpecError, UsageError, SandboxError).

    The selection can be narrowed to a service, and to images and groups (`targets`, each SERVICE/NAME), or
    leave some out (`excluded`). `tell` is given a line about YAML files that were passed over.
    """
    home = home or Home.find()
    return load_desired(
        paths,
        catalog_services=service_files(home),
        sandbox=lambda: sandbox_service(home),
        service=service,
        targets=targets,
        excluded=excluded,
        allowed=allowed_paths(home),
        tell=tell,
    )


def validate(
    paths: Sequence[Path] = (),
    *,
    home: Home | None = None,
    tell: Callable[[str], None] = lambda _line: None,
) -> Desired:
    """Read the specs at `paths` (SpecError, UsageError). Nothing is started, and no service is called."""
    home = home or Home.find()
    return load_desired(
        paths,
        catalog_services=service_files(home),
        sandbox=SANDBOX_STAND_IN,
        allowed=allowed_paths(home),
        tell=tell,
    )


def empty_stack(service: str, *, stack: str | None = None, home: Home | None = None) -> Desired:
    """A stack on one service, with nothing desired, for jobs that need no specs (UsageError, SpecError).

    Its name is `stack`, or the one in an extenci.yaml here, or `default` where the service is on this
    machine.
    """
    home = home or Home.find()
    return with_running_sandbox(stack_on(service, stack, Path.cwd(), service_files(home)), home)


def load_around(service: str, root: Path | None, home: Home) -> Desired:
    """The specs of a root (None: that of the current folder), which need not name a service yet, or exist.
    SpecError, UsageError, SandboxError."""
    folder = root or Path()
    if not find_candidates(list_files(read_root(find_root(folder))).yaml, ()):
        return with_running_sandbox(stack_on(service, None, folder, service_files(home)), home)
    desired = load([folder], home=home)
    if service in desired.services:
        return desired
    found = stack_on(service, desired.stack, folder, service_files(home)).services
    return with_running_sandbox(replace(desired, services={**desired.services, **found}), home)


def spec_schema(kind: str = "spec") -> dict[str, Any]:
    """The JSON Schema (2020-12) of spec files, or of another `kind` of file of a spec root (`service`,
    `root`), for editors."""
    from extenci.spec.editor_schema import form_schema  # noqa: PLC0415 - only `extenci schema` needs it

    return form_schema(kind)
