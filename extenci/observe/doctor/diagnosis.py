"""The diagnosis of this machine and of the services of specs, or of the user's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from extenci.catalog.home import Home
from extenci.catalog.services.files import service_files
from extenci.catalog.trust import allowed_paths
from extenci.model.desired import Desired
from extenci.model.errors import CatalogError, ExtenciError, SandboxError, SpecError, UsageError
from extenci.model.finding import MACHINE, Finding, Level
from extenci.model.service import SANDBOX, Service
from extenci.model.text import counted
from extenci.observe.doctor.checks import check_machine, check_services
from extenci.observe.doctor.programs import check_programs
from extenci.spec.load import load_desired
from extenci.spec.services.file import read_service
from extenci.spec.services.library import SANDBOX_STAND_IN

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients

StartSandbox = Callable[[Home], Service]
OpenClients = Callable[[Mapping[str, Service]], AbstractContextManager[Mapping[str, "Clients"]]]
"""Gives the clients of services, which know what earlier runs learned of them."""


def diagnose(
    paths: Sequence[Path],
    home: Home,
    service: str | None,
    start_sandbox: StartSandbox,
    open_clients: OpenClients,
) -> tuple[Finding, ...]:
    """Findings about this machine and the services of the specs at `paths`; without specs, about those of
    this user. UsageError where `paths` or `service` name nothing."""
    desired, found = read_desired(paths, home, service)
    services = {name: desired.services[name] for name in desired.touched_services}
    found = [*check_machine(home, services), *check_programs(desired), *found]
    if SANDBOX in services and not any(one.level is Level.PROBLEM for one in found):
        try:
            services[SANDBOX] = start_sandbox(home)
        except (SandboxError, CatalogError) as error:
            found.append(problem(SANDBOX, error))
            del services[SANDBOX]
    elif SANDBOX in services:
        del services[SANDBOX]
    return (*found, *look_at(services, desired, home, open_clients))


def look_at(
    services: dict[str, Service], desired: Desired, home: Home, open_clients: OpenClients
) -> tuple[Finding, ...]:
    """Checks of all services."""
    with open_clients(services) as clients:
        return check_services(clients, desired, home)


def read_desired(paths: Sequence[Path], home: Home, service: str | None) -> tuple[Desired, list[Finding]]:
    """The specs at `paths`; the user's services without specs where they have mistakes, or there are none.
    And the findings about either."""
    try:
        files = service_files(home)
    except CatalogError as error:
        return Desired(stack="", root="", services={}), [problem(MACHINE, error)]
    try:
        desired = load_desired(
            paths,
            catalog_services=files,
            sandbox=SANDBOX_STAND_IN,
            service=service,
            allowed=allowed_paths(home),
        )
    except SpecError as error:
        mistakes = [] if is_bare(paths, error) else [spec_mistakes(error)]
        desired, found = services_of_user(files, service)
        return desired, [*mistakes, *found]
    return desired, []


def is_bare(paths: Sequence[Path], error: SpecError) -> bool:
    """Whether nobody named specs and there are none here."""
    return not paths and all("holds no spec files" in one.message for one in error.problems)


def spec_mistakes(error: SpecError) -> Finding:
    """A finding that the specs have mistakes; `extenci validate` lists them."""
    mistakes = counted(len(error.problems), "mistake")
    return Finding(
        MACHINE,
        Level.PROBLEM,
        f"The specs have {mistakes}, so only the services of this user were checked.",
        "`extenci validate` lists them.",
    )


def services_of_user(files: dict[str, Path], service: str | None) -> tuple[Desired, list[Finding]]:
    """The services of the catalog, and the problems of their files. UsageError where there is none of that
    name."""
    if service is not None and service not in files:
        raise UsageError(
            f"There is no service {service!r} in the catalog, and no spec here that names it.",
            "`extenci catalog list` shows the services there are.",
        )
    services: dict[str, Service] = {}
    found: list[Finding] = []
    for name in [service] if service is not None else sorted(files):
        try:
            services[name] = read_service(files[name], name)
        except ExtenciError as error:
            found.append(problem(name, error))
    return Desired(stack="", root="", services=services), found


def problem(subject: str, error: ExtenciError) -> Finding:
    """An error as a finding."""
    return Finding(subject, Level.PROBLEM, error.message, error.hint)
