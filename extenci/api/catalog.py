"""The services of the catalog, and what is recorded as owned there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from extenci.api.sandbox import shown_sandbox_service
from extenci.catalog.home import Home
from extenci.catalog.records import Catalog
from extenci.catalog.services import edit, files
from extenci.catalog.services.legacy import LegacyService, read_legacy
from extenci.catalog.services.text import ServiceFields
from extenci.model.errors import SpecError
from extenci.model.record import ResourceRecord
from extenci.model.service import SANDBOX, Service
from extenci.spec.arguments import find_service as find_service_in
from extenci.spec.root import SERVICES_FOLDER, find_root
from extenci.spec.services.file import read_service
from extenci.spec.yaml.load import SUFFIXES

__all__ = [
    "ServiceFields",
    "ServiceList",
    "add_service",
    "edit_service",
    "find_service",
    "init_service",
    "list_services",
    "owned_resources",
    "read_legacy_service",
    "remove_service",
]


@dataclass(frozen=True)
class ServiceList:
    """Services, with the built-in one first, the errors of files that are wrong, and files of the
    2011 tools, which are not read."""

    services: tuple[Service, ...]
    errors: tuple[SpecError, ...]
    legacy: tuple[Path, ...] = ()


def list_services(*, root: Path | None = None, home: Home | None = None) -> ServiceList:
    """All services of the catalog, and then those of the folder `services` in a spec root (default: that of
    the current folder). UsageError where the root does not exist."""
    home = home or Home.find()
    services, errors = [shown_sandbox_service(home)], []
    own = find_root(root or Path()) / SERVICES_FOLDER
    paths = sorted(path for suffix in SUFFIXES for path in own.glob(f"*{suffix}") if path.is_file())
    for path in (*files.service_files(home).values(), *paths):
        try:
            services.append(read_service(path))
        except SpecError as error:
            errors.append(error)
    return ServiceList(tuple(services), tuple(errors), files.legacy_files(home))


def find_service(name: str, *, root: Path | None = None, home: Home | None = None) -> Service:
    """A service of the catalog or of the folder `services` in a spec root (default: that of the current
    folder), or the built-in one, which is not started (CatalogError, SpecError, UsageError)."""
    home = home or Home.find()
    if name == SANDBOX:
        return shown_sandbox_service(home)
    catalog, folder = files.service_files(home), find_root(root or Path())
    if any((folder / SERVICES_FOLDER / f"{name}{suffix}").is_file() for suffix in SUFFIXES):
        return find_service_in(name, folder, catalog)
    return read_service(files.find_service(home, name))


def owned_resources(*, home: Home | None = None) -> Mapping[str, tuple[ResourceRecord, ...]]:
    """The resources that are recorded as owned, by stack."""
    with Catalog.open(home or Home.find()) as catalog:
        return {stack: tuple(catalog.records(stack).resources) for stack in catalog.stacks()}


def init_service(name: str, *, root: Path | None = None, home: Home | None = None) -> None:
    """Begin the records of a service that takes no tags: they are the truth for it from now on. `root` and
    errors as of `find_service`."""
    home = home or Home.find()
    find_service(name, root=root, home=home)
    with Catalog.open(home) as catalog:
        catalog.initialise(name)


def add_service(name: str, fields: ServiceFields, *, home: Home | None = None) -> Path:
    """Add a service and return the path of its file (CatalogError, SpecError)."""
    return files.add_service(home or Home.find(), name, fields)


def read_legacy_service(file: Path) -> LegacyService:
    """The fields of a service file of the 2011 tools, `key = value` lines (UsageError)."""
    return read_legacy(file)


def edit_service(name: str, *, home: Home | None = None) -> bool:
    """Open a service's file in the user's editor; return whether it was changed (CatalogError, SpecError). A
    draft with mistakes is kept, and the file stays as it was."""
    return edit.edit_service(home or Home.find(), name)


def remove_service(name: str, *, home: Home | None = None) -> Path:
    """Remove a service's file and return its path; CatalogError where something is owned there."""
    home = home or Home.find()
    with Catalog.open(home) as catalog:
        return files.remove_service(home, name, catalog)
