"""What specs that others wrote may use of this user's: endpoints, credentials, disks."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from extenci.api.catalog import find_service
from extenci.api.hooks import find_hooks
from extenci.catalog import trust
from extenci.catalog.files import locked, read_whole, write_whole
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
    with _changing(home) as path:
        for request in requests:
            if not read_settings(path).allows(request.access):
                grant = Grant(request.service, request.access)
                _change(path, lambda text, grant=grant: edit.add_grant(text, grant))  # type: ignore[misc]


def distrust_service(name: str, *, home: Home | None = None) -> int:
    """Take back what a service was allowed; the number of grants (CatalogError, SpecError)."""
    with _changing(home) as path:
        grants = read_settings(path).grants
        return _remove(path, edit.TRUST, [place for place, one in enumerate(grants) if one.service == name])


def trust_hooks(root: Path, *, home: Home | None = None) -> tuple[HookRequest, ...]:
    """Allow the hooks of a spec root, as they are now, to be told results; return them (CatalogError,
    SpecError, UsageError). A program that changes, or another address, must be allowed again."""
    folder = find_root(root)
    requests = find_hooks(folder)
    if not requests:
        raise UsageError(f"{folder} has no hooks.", f"They stand under `hooks:` in its {SETTINGS_FILE}.")
    with _changing(home) as path:
        for request in requests:
            if not read_settings(path).allows_hook(request):
                hook = HookGrant(request.root, request.label, request.word)
                _change(path, lambda text, hook=hook: edit.add_hook(text, hook))  # type: ignore[misc]
    return requests


def distrust_hooks(root: Path, *, home: Home | None = None) -> int:
    """Take back what the hooks of a spec root were allowed; the number of them (CatalogError, SpecError,
    UsageError)."""
    folder = str(find_root(root))
    with _changing(home) as path:
        hooks = read_settings(path).hooks
        return _remove(path, edit.HOOKS, [place for place, one in enumerate(hooks) if one.root == folder])


def trust_sources(folder: Path, *, home: Home | None = None) -> Path:
    """Allow images to be made from disks in a folder, whatever specs name them; return the folder with all
    links followed (CatalogError, SpecError, UsageError)."""
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise UsageError(f"{folder} {what}.", "Name the folder that the disks are in.")
    return _add(home, edit.SOURCES, folder.resolve())


def distrust_sources(folder: Path, *, home: Home | None = None) -> int:
    """Take back that images may be made from disks in a folder (CatalogError, SpecError); 0 where it was not
    allowed."""
    return _take_back(home, edit.SOURCES, folder.resolve())


def trust_keys(path: Path, *, home: Home | None = None) -> Path:
    """Allow checks to log in with a private key, or with any in a folder, whatever specs name it; return the
    path with all links followed (CatalogError, SpecError, UsageError)."""
    if not path.exists():
        raise UsageError(f"{path} does not exist.", "Name a private key, or a folder of them.")
    return _add(home, edit.KEYS, path.resolve())


def distrust_keys(path: Path, *, home: Home | None = None) -> int:
    """Take back that checks may log in with a private key (CatalogError, SpecError); 0 where it was not
    allowed."""
    return _take_back(home, edit.KEYS, path.resolve())


def _paths(settings: Settings, section: str) -> tuple[str, ...]:
    return settings.sources if section == edit.SOURCES else settings.keys


def _add(home: Home | None, section: str, real: Path) -> Path:
    with _changing(home) as path:
        if str(real) not in _paths(read_settings(path), section):
            _change(path, lambda text: edit.add_path(text, section, str(real)))
    return real


def _take_back(home: Home | None, section: str, real: Path) -> int:
    with _changing(home) as path:
        known = _paths(read_settings(path), section)
        return _remove(path, section, [place for place, one in enumerate(known) if one == str(real)])


def _remove(path: Path, section: str, places: Collection[int]) -> int:
    if places:
        _change(path, lambda text: edit.remove_entries(text, section, places))
    return len(places)


@contextmanager
def _changing(home: Home | None) -> Iterator[Path]:
    """The file of the settings, which no other command changes meanwhile (CatalogError)."""
    home = home or Home.find()
    path = home.settings
    home.make()
    try:
        with locked(path.with_suffix(".lock")):
            yield path
    except OSError as error:
        raise CatalogError(
            f"{path} cannot be used: {error.strerror or error}.",
            "Make it readable and writable for this user, or set EXTENCI_HOME to a folder that is.",
        ) from error


def _change(path: Path, change: Callable[[str], str]) -> None:
    text = read_whole(path, LARGEST_FILE).decode() if path.exists() else ""
    write_whole(path, change(text).encode())
