"""Service files: one YAML file for each cloud of this user."""

from __future__ import annotations

import difflib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from extenci.catalog.files import write_whole
from extenci.catalog.home import Home
from extenci.catalog.services.text import ServiceFields, service_text
from extenci.model.address import NAME
from extenci.model.errors import CatalogError, Problem, SpecError
from extenci.model.service import SANDBOX, Service

if TYPE_CHECKING:
    from extenci.catalog.records import Catalog

SUFFIX = ".yaml"


def service_files(home: Home) -> dict[str, Path]:
    """The user's service files by service name, sorted; empty where there is no home yet.

    Files that are not called `NAME.yaml` (drafts, backups of editors) are ignored.
    """
    folder = home.services_folder
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == SUFFIX)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise unusable(folder, error) from error
    return {path.stem: path for path in paths if NAME.fullmatch(path.stem)}


def find_service(home: Home, name: str) -> Path:
    """The file of a service; CatalogError where there is none, with a suggestion for a name that is close."""
    refuse_built_in(name)
    files = service_files(home)
    if name not in files:
        close = difflib.get_close_matches(name, files, n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise CatalogError(
            f"There is no service {name!r} in {home.services_folder}.",
            f"{hint}`extenci catalog list` lists the services; `extenci catalog add` adds one. For one of a "
            "spec repository, name its folder, too.",
        )
    return files[name]


def add_service(home: Home, name: str, fields: ServiceFields) -> Path:
    """Write a new service file and return its path.

    CatalogError where the name is invalid or taken; SpecError where the fields are invalid. Relative paths
    are relative to the current folder.
    """
    refuse_built_in(name)
    if not NAME.fullmatch(name):
        raise CatalogError(
            f"A service cannot be called {name!r}.",
            "Use at most 50 letters, digits, dots, dashes and underscores, with a letter or digit first.",
        )
    target = home.services_folder / f"{name}{SUFFIX}"
    home.make(home.services_folder)
    with draft_folder(home) as folder:
        draft = folder / target.name
        write_draft(draft, service_text(name, absolute(fields)))
        check_draft(draft, target)
        put_new(draft, target, name)
    return target


def legacy_files(home: Home) -> tuple[Path, ...]:
    """The files beside the service files that have no ending, as those of the 2011 tools."""
    if not home.services_folder.is_dir():
        return ()
    found = sorted(home.services_folder.iterdir())
    return tuple(path for path in found if NAME.fullmatch(path.name) and not path.suffix and path.is_file())


def check_draft(draft: Path, target: Path) -> Service:
    """Read a draft as a service; SpecError with the positions that problems would have in the target."""
    from extenci.spec.services.file import read_service  # noqa: PLC0415 - pydantic and ruamel are slow to import

    try:
        return read_service(draft)
    except SpecError as error:
        moved = (replace(problem, file=str(target)) for problem in error.problems)
        problems: tuple[Problem, ...] = tuple(moved)
        raise SpecError(problems, error.hint) from error


def remove_service(home: Home, name: str, catalog: Catalog) -> Path:
    """Delete a service file and return its path; CatalogError while a stack owns something there according to
    the records: without the file, nothing of it could be destroyed."""
    path = find_service(home, name)
    if stacks := catalog.stacks_with_records(name):
        several, own = ("stacks", "own") if len(stacks) > 1 else ("stack", "owns")
        raise CatalogError(
            f"The service {name} is still in use: according to the records, the {several} "
            f"{', '.join(stacks)} {own} images or machines there.",
            f"Destroy them first, in the folder of their specs: `extenci destroy --service {name}`.",
        )
    try:
        path.unlink()
    except OSError as error:
        raise unusable(path, error) from error
    return path


def refuse_built_in(name: str) -> None:
    """CatalogError for the service that is built in, and has no file."""
    if name == SANDBOX:
        raise CatalogError(
            f"The service {SANDBOX} is built in: it has no file, and cannot be added, edited or removed.",
            "`extenci sandbox status` shows it; `extenci sandbox reset` empties it.",
        )


def absolute(fields: ServiceFields) -> ServiceFields:
    """The fields with absolute paths of files, except for paths that begin with `~`."""
    return replace(
        fields,
        access_key_file=absolute_path(fields.access_key_file),
        secret_key_file=absolute_path(fields.secret_key_file),
        ca_bundle=absolute_path(fields.ca_bundle),
        bundle_certificate=absolute_path(fields.bundle_certificate),
        bundle_private_key=absolute_path(fields.bundle_private_key),
        bundle_cloud_certificate=absolute_path(fields.bundle_cloud_certificate),
    )


def absolute_path(path: str | None) -> str | None:
    """A path as an absolute one; `~` stays, and is expanded when the path is used."""
    return path if path is None or path.startswith("~") else str(Path(path).absolute())


@contextmanager
def draft_folder(home: Home) -> Iterator[Path]:
    """A temporary folder beside the service files, for a file that is not valid yet."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=".new-", dir=home.services_folder))
    except OSError as error:
        raise unusable(home.services_folder, error) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_draft(path: Path, text: str) -> None:
    """Write a file that only this user can read; CatalogError."""
    try:
        write_whole(path, text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise unusable(path, error) from error


def put_new(draft: Path, target: Path, name: str) -> None:
    """Put a valid draft in place, unless the name is taken: a link, unlike a rename, replaces nothing."""
    try:
        target.hardlink_to(draft)
    except FileExistsError as error:
        raise CatalogError(
            f"There is a service {name} already, in {target}.",
            f"Change it with `extenci catalog edit {name}`, or remove it first.",
        ) from error
    except OSError as error:
        raise unusable(target, error) from error


def unusable(path: Path, error: OSError) -> CatalogError:
    """The error of a service file, or a folder of them, that cannot be read or written."""
    return CatalogError(
        f"{path} cannot be used: {error.strerror or error}.",
        "Make it readable and writable for this user, or set EXTENCI_HOME to a folder that is.",
    )
