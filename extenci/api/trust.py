"""What specs that others wrote may use of this user's: endpoints, credentials, disks."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from extenci.api.catalog import find_service
from extenci.api.hooks import find_hooks
from extenci.catalog import trust
from extenci.catalog.files import read_whole, write_whole
from extenci.catalog.home import Home
from extenci.model.errors import CatalogError, NotTrusted, UsageError
from extenci.model.service import Service
from extenci.model.trust import Grant, HookGrant, HookRequest, Settings, TrustRequest, shell_words
from extenci.report.catalog.trust import request_text
from extenci.spec.root import SETTINGS_FILE, find_root
from extenci.spec.settings import edit
from extenci.spec.settings.file import read_settings
from extenci.spec.yaml.files import LARGEST_FILE


def find_untrusted(services: Iterable[Service], home: Home) -> tuple[TrustRequest, ...]:
    """What services of spec roots ask for that this user has not allowed."""
    return trust.find_untrusted(services, home, trust.trusted_settings(home))


def require_trust(services: Iterable[Service], home: Home) -> None:
    """NotTrusted where a service asks for what this user has not allowed."""
    if requests := find_untrusted(services, home):
        raise not_trusted(requests)


def not_trusted(requests: tuple[TrustRequest, ...]) -> NotTrusted:
    """The error that says what is asked for, and how to allow it."""
    lines = (*map(request_text, requests), "This user has not allowed that, so nothing was sent.")
    return NotTrusted("\n".join(lines), "\n".join(map(way_to_trust, requests)), requests)


def way_to_trust(request: TrustRequest) -> str:
    """The commands that allow what a service asks for."""
    root = Path(request.file).parent.parent
    command = shlex.join(["extenci", "trust", request.service, str(root)])
    return (
        f"If it may do so: `{command}`. Where nobody can be asked, name exactly this: "
        f"--trust {shell_words(request.access.words)}, or {trust.VARIABLE} in the environment."
    )


def settings(*, home: Home | None = None) -> Settings:
    """The settings of a home (SpecError)."""
    return read_settings((home or Home.find()).settings)


def trust_service(name: str, *, root: Path | None = None, home: Home | None = None) -> TrustRequest:
    """Allow a service of a spec root (default: that of the current folder) what its file asks for now, and
    return that. When it asks for anything else, it must be allowed again. CatalogError, SpecError;
    UsageError, also for a service of this user's own."""
    home = home or Home.find()
    service = find_service(name, root=root, home=home)
    if not service.file or Path(service.file).parent == home.services_folder:
        raise UsageError(
            f"The service {name} is this user's own, and needs nobody's trust.",
            "Name a service of a spec repository, and the folder of its specs.",
        )
    request = TrustRequest(name, service.file, trust.access_of(service))
    grant_requests([request], home=home)
    return request


def grant_requests(requests: Iterable[TrustRequest], *, home: Home | None = None) -> None:
    """Allow what services ask for, from now on (CatalogError, SpecError)."""
    home = home or Home.find()
    for request in requests:
        if not read_settings(home.settings).allows(request.access):
            grant = Grant(request.service, request.access)
            _change(home, lambda text, grant=grant: edit.add_grant(text, grant))  # type: ignore[misc]


def distrust_service(name: str, *, home: Home | None = None) -> int:
    """Take back what a service was allowed; the number of grants (CatalogError, SpecError)."""
    home = home or Home.find()
    grants = read_settings(home.settings).grants
    return _remove(home, edit.TRUST, [place for place, one in enumerate(grants) if one.service == name])


def trust_hooks(root: Path, *, home: Home | None = None) -> tuple[HookRequest, ...]:
    """Allow the hooks of a spec root, as they are now, to be told results; return them (CatalogError,
    SpecError, UsageError). A program that changes, or another address, must be allowed again."""
    home, folder = home or Home.find(), find_root(root)
    requests = find_hooks(folder)
    if not requests:
        raise UsageError(f"{folder} has no hooks.", f"They stand under `hooks:` in its {SETTINGS_FILE}.")
    for request in requests:
        if not read_settings(home.settings).allows_hook(request):
            grant = HookGrant(request.root, request.label, request.word)
            _change(home, lambda text, grant=grant: edit.add_hook(text, grant))  # type: ignore[misc]
    return requests


def distrust_hooks(root: Path, *, home: Home | None = None) -> int:
    """Take back what the hooks of a spec root were allowed; the number of them (CatalogError, SpecError,
    UsageError)."""
    home, folder = home or Home.find(), str(find_root(root))
    hooks = read_settings(home.settings).hooks
    return _remove(home, edit.HOOKS, [place for place, one in enumerate(hooks) if one.root == folder])


def trust_sources(folder: Path, *, home: Home | None = None) -> Path:
    """Allow images to be made from disks in a folder, whatever specs name them; return the folder with all
    links followed (CatalogError, SpecError, UsageError)."""
    home, real = home or Home.find(), _existing(folder)
    if str(real) not in read_settings(home.settings).sources:
        _change(home, lambda text: edit.add_source(text, str(real)))
    return real


def distrust_sources(folder: Path, *, home: Home | None = None) -> int:
    """Take back that images may be made from disks in a folder (CatalogError, SpecError); 0 where it was not
    allowed."""
    home, real = home or Home.find(), str(folder.resolve())
    sources = read_settings(home.settings).sources
    return _remove(home, edit.SOURCES, [place for place, one in enumerate(sources) if one == real])


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise UsageError(f"{folder} {what}.", "Name the folder that the disks are in.")
    return folder.resolve()


def _remove(home: Home, section: str, places: Collection[int]) -> int:
    if places:
        _change(home, lambda text: edit.remove_entries(text, section, places))
    return len(places)


def _change(home: Home, change: Callable[[str], str]) -> None:
    path = home.settings
    home.make()
    try:
        text = read_whole(path, LARGEST_FILE).decode() if path.exists() else ""
        write_whole(path, change(text).encode())
    except OSError as error:
        raise CatalogError(
            f"{path} cannot be used: {error.strerror or error}.",
            "Make it readable and writable for this user, or set EXTENCI_HOME to a folder that is.",
        ) from error
