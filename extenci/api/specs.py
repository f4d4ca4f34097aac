"""Specs, as the jobs need them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from extenci.catalog.home import Home
from extenci.catalog.services.files import service_files
from extenci.catalog.trust import allowed_paths
from extenci.model.desired import Desired
from extenci.model.service import Service
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
        sandbox=lambda: running_sandbox(home),
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
    from extenci.api.sandbox import with_running_sandbox  # noqa: PLC0415 - not needed to validate specs

    home = home or Home.find()
    return with_running_sandbox(stack_on(service, stack, Path.cwd(), service_files(home)), home)


def load_around(service: str, root: Path | None, home: Home) -> Desired:
    """The specs of a root (None: that of the current folder), which need not name a service yet, or exist.
    SpecError, UsageError, SandboxError."""
    from extenci.api.sandbox import with_running_sandbox  # noqa: PLC0415 - not needed to validate specs

    folder = root or Path()
    if not find_candidates(list_files(read_root(find_root(folder))).yaml, ()):
        return with_running_sandbox(stack_on(service, None, folder, service_files(home)), home)
    desired = load([folder], home=home)
    if service in desired.services:
        return desired
    found = stack_on(service, desired.stack, folder, service_files(home)).services
    return with_running_sandbox(replace(desired, services={**desired.services, **found}), home)


def running_sandbox(home: Home) -> Service:
    """The built-in service. The sandbox is started unless it runs (SandboxError)."""
    from extenci.api.sandbox import sandbox_service  # noqa: PLC0415 - not needed to validate specs

    return sandbox_service(home)


def schema(name: str = "spec") -> dict[str, Any]:
    """The JSON Schema (2020-12) of a file that extenci reads (`spec`, `service`, `root`), or of a document
    that its commands print (`plan`, `result`, `status`, `events`). KeyError for another name."""
    from extenci.report.schema.documents import SCHEMAS  # noqa: PLC0415 - only `extenci schema` needs it
    from extenci.spec.editor_schema import FORMS, json_schema  # noqa: PLC0415

    return json_schema(name) if name in FORMS else SCHEMAS[name]
