"""What services ask for, and whether this user allows it.

A service file in the home is this user's own, and may use anything. One in a spec root may be anyone's: it
may use the SDK's credentials at AWS's own endpoints, and the root's own key files on this machine; the rest
must be granted.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from extenci.catalog.files import read_whole
from extenci.catalog.home import Home
from extenci.model.errors import UsageError
from extenci.model.service import KeyFiles, Profile, SdkChain, Service, is_loopback, origin_of
from extenci.model.trust import (
    ANY_CERTIFICATES,
    AWS,
    CERTIFICATES,
    CONDOR,
    FILE,
    KEYS,
    PROFILE,
    SCHEDD_FILE,
    SDK,
    SOURCES,
    Access,
    Grant,
    HookGrant,
    Settings,
    TrustRequest,
    is_credential,
    is_endpoint,
    is_hook,
    word_of_hook,
)
from extenci.spec.own_file import AllowedPaths
from extenci.spec.settings.file import read_settings

VARIABLE = "EXTENCI_TRUST"
"""Words that are trusted while a command runs, quoted as for a shell."""
LARGEST_CERTIFICATES = 16 << 20
POOL = re.compile(r"(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(?::[0-9]{1,5})?")
"""A host and port. HTCondor's own addresses can name several, and more to connect to behind a `?`."""


def settings_of_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """What `EXTENCI_TRUST` allows: the credentials in it for the endpoints in it (UsageError). The SDK's
    credentials, and the certificates that a service file brings along, need no word of their own there."""
    text = environment.get(VARIABLE, "")
    try:
        words = shlex.split(text)
    except ValueError:
        raise UsageError(f"{VARIABLE} has a quote that does not end.", "Quote it as for a shell.") from None
    sources, keys = (
        tuple(_real(word.removeprefix(kind)) for word in words if word.startswith(kind))
        for kind in (SOURCES, KEYS)
    )
    endpoints = frozenset(origin_of(word) for word in words if is_endpoint(word))
    credentials = frozenset(_with_real_path(word) for word in words if is_credential(word))
    hooks = tuple(HookGrant("", "", word_of_hook(word)) for word in words if is_hook(word))
    kinds = (lambda word: word.startswith((SOURCES, KEYS)), is_endpoint, is_credential, is_hook)
    wrong = next((word for word in words if not any(kind(word) for kind in kinds)), None)
    if wrong is not None:
        raise UsageError(
            f"{wrong!r} is nothing that can be trusted.",
            "Give endpoints (https://HOST:PORT, aws, condor:POOL), credentials (profile:NAME, file:PATH, "
            "schedd-file:PATH), folders of disks (sources:FOLDER), private keys of checks (keys:PATH) and "
            "hooks (hook:https://HOST, hook:SHA256).",
        )
    access = Access(endpoints, credentials | {SDK, ANY_CERTIFICATES})
    return Settings(sources, (Grant("", access),) if endpoints else (), keys, hooks)


def trusted_settings(home: Home) -> Settings:
    """The home's settings, with what `EXTENCI_TRUST` adds to them (SpecError, UsageError)."""
    return read_settings(home.settings) | settings_of_environment()


def allowed_paths(home: Home) -> AllowedPaths:
    """What this user allows specs outside of their roots (SpecError, UsageError)."""
    settings = trusted_settings(home)
    return AllowedPaths(tuple(map(Path, settings.sources)), tuple(map(Path, settings.keys)))


def find_untrusted(services: Iterable[Service], home: Home, settings: Settings) -> tuple[TrustRequest, ...]:
    """What services ask for that this user has not allowed."""
    return tuple(
        TrustRequest(one.name, one.file, access_of(one))
        for one in services
        if not is_trusted(one, home, settings)
    )


def is_trusted(service: Service, home: Home, settings: Settings) -> bool:
    """Whether requests to a service may be made. One without a file is built in, or made by a program."""
    file = Path(service.file)
    if not service.file or file.parent == home.services_folder:
        return True
    access = access_of(service)
    if access == Access(frozenset({AWS}), frozenset({SDK})):
        return True
    folders = (file.parent.parent, home.sandbox_folder)
    if all(map(_is_here, access.endpoints)) and all(_is_own(word, folders) for word in access.credentials):
        return True
    return settings.allows(access)


def access_of(service: Service) -> Access:
    """The endpoints of a service, and all that requests to them carry or are made by."""
    return Access(frozenset(_endpoints(service)), frozenset(_credentials(service)))


def _endpoints(service: Service) -> Iterator[str]:
    for url in (service.ec2, service.s3, service.ebs):
        yield AWS if url is None else origin_of(url)
    if service.condor is not None and service.condor.pool is not None:
        yield CONDOR + service.condor.pool


def _credentials(service: Service) -> Iterator[str]:
    match service.credentials:
        case KeyFiles(access_key_file=access, secret_key_file=secret):
            yield from (FILE + _real(access), FILE + _real(secret))
        case Profile(name=name):
            yield PROFILE + name
        case SdkChain():
            yield SDK
    if service.bundle is not None:
        keys = service.bundle
        yield from (FILE + _real(one) for one in (keys.certificate, keys.private_key, keys.cloud_certificate))
    if service.condor is not None and service.condor.credentials is not None:
        there = service.condor.credentials
        yield from (SCHEDD_FILE + there.access_key_file, SCHEDD_FILE + there.secret_key_file)
    if service.ca_bundle is not None:
        with suppress(OSError):  # it is told why when the service is called
            content = read_whole(Path(service.ca_bundle), LARGEST_CERTIFICATES)
            yield CERTIFICATES + hashlib.sha256(content).hexdigest()


def _is_here(endpoint: str) -> bool:
    """Whether an endpoint is on this machine, as its word alone tells."""
    if not endpoint.startswith(CONDOR):
        return is_loopback(endpoint)
    pool = endpoint.removeprefix(CONDOR)
    return bool(POOL.fullmatch(pool)) and is_loopback(f"//{pool}")


def _holds(folder: Path, path: str) -> bool:
    """Whether a file lies below a folder, with all links followed, and is not hidden there."""
    real, above = Path(_real(path)), Path(_real(str(folder)))
    return real.is_relative_to(above) and not any(
        part.startswith(".") for part in real.relative_to(above).parts
    )


def _is_own(credential: str, folders: Iterable[Path]) -> bool:
    """Whether credentials are a file of these folders: the root's own, or keys of the sandbox."""
    if credential.startswith(CERTIFICATES):
        return True
    kind, _, path = credential.partition(":")
    return f"{kind}:" in (FILE, SCHEDD_FILE) and any(_holds(one, path) for one in folders)


def _with_real_path(word: str) -> str:
    return FILE + _real(word.removeprefix(FILE)) if word.startswith(FILE) else word


def _real(path: str) -> str:
    return os.path.realpath(os.path.expanduser(path))  # noqa: PTH111 - text in, text out
