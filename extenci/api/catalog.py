"""The services of the catalog, and what is recorded as owned there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from extenci.api.sandbox import shown_sandbox_service
from extenci.catalog.home import Home
from extenci.catalog.records import Catalog
from extenci.catalog.services import edit, files
from extenci.catalog.services.text import ServiceFields
from extenci.model.errors import SpecError
from extenci.model.record import ResourceRecord
from extenci.model.service import SANDBOX, Service
from extenci.spec.services.file import read_service

__all__ = [
    "ServiceFields",
    "ServiceList",
    "add_service",
    "edit_service",
    "find_service",
    "init_service",
    "list_services",
    "owned_resources",
    "remove_service",
]


@dataclass(frozen=True)
class ServiceList:
    """The services of the catalog, with the built-in one first, and the errors of files that are wrong."""

    services: tuple[Service, ...]
    errors: tuple[SpecError, ...]


def list_services(*, home: Home | None = None) -> ServiceList:
    """All services of the catalog."""
    home = home or Home.find()
    services, errors = [shown_sandbox_service(home)], []
    for path in files.service_files(home).values():
        try:
            services.append(read_service(path))
        except SpecError as error:
            errors.append(error)
    return ServiceList(tuple(services), tuple(errors))


def find_service(name: str, *, home: Home | None = None) -> Service:
    """A service of the catalog, or the built-in one, which is not started (CatalogError, SpecError)."""
    home = home or Home.find()
    return shown_sandbox_service(home) if name == SANDBOX else read_service(files.find_service(home, name))


def owned_resources(*, home: Home | None = None) -> Mapping[str, tuple[ResourceRecord, ...]]:
    """What is recorded as owned, by stack."""
    with Catalog.open(home or Home.find()) as catalog:
        return {stack: tuple(catalog.records(stack).resources) for stack in catalog.stacks()}


def init_service(name: str, *, home: Home | None = None) -> None:
    """Begin the records of a service that takes no tags (CatalogError, SpecError): they are the truth for it
    from now on."""
    home = home or Home.find()
    find_service(name, home=home)
    with Catalog.open(home) as catalog:
        catalog.initialise(name)


def add_service(name: str, fields: ServiceFields, *, home: Home | None = None) -> Path:
    """Add a service and return the path of its file (CatalogError, SpecError)."""
    return files.add_service(home or Home.find(), name, fields)


def edit_service(name: str, *, home: Home | None = None) -> bool:
    """Open a service's file in the user's editor; return whether it was changed (CatalogError, SpecError). A
    draft with mistakes is kept, and the file stays as it was."""
    return edit.edit_service(home or Home.find(), name)


def remove_service(name: str, *, home: Home | None = None) -> Path:
    """Remove a service's file and return its path; CatalogError where something is owned there."""
    home = home or Home.find()
    with Catalog.open(home) as catalog:
        return files.remove_service(home, name, catalog)
