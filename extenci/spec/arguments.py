"""Arguments of a command → desired images, for commands that need no spec."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from pydantic_core import PydanticCustomError

from extenci.model.address import NAME, Address
from extenci.model.desired import Desired, DesiredImage, Origin, Selection
from extenci.model.errors import SpecError, UsageError
from extenci.model.launch import LaunchDefaults
from extenci.model.service import Service
from extenci.model.verification import Verify
from extenci.model.version import Architecture, BootMode, Method, is_url, shown_source
from extenci.spec.launch.keys import to_settings
from extenci.spec.load import DEFAULT_STACK
from extenci.spec.problems import to_problems
from extenci.spec.resolve import find_lack
from extenci.spec.root import SERVICES_FOLDER, SETTINGS_FILE, find_root, read_root
from extenci.spec.services.library import open_library
from extenci.spec.validation.urls import require_https, require_s3
from extenci.spec.words import quoted, shown, suggestion
from extenci.spec.yaml.load import SUFFIXES

LONGEST_NAME = 50
SHA256 = re.compile(r"[0-9A-Fa-f]{64}")
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


def image_to_test(
    file: Path,
    service: str,
    type_: str,
    stack: str | None,
    here: Path,
    catalog: Mapping[str, Path],
    *,
    raw: bool = False,
) -> Desired:
    """One image to stage from a file on a service, with a test VM of type `type_` that a person confirms; the
    service's defaults for test VMs apply. extenci.yaml and services/ are looked for at `here`; `catalog` has
    the catalog's service files by name; `raw` is that of DesiredImage.

    UsageError says which argument is wrong, or what is missing; SpecError has the problems of files.
    """
    if not file.is_file():
        what = "is not a file" if file.exists() else "does not exist"
        raise UsageError(
            f"{shown(file)} {what}.", "Name a disk: a raw one, or a qcow2, VMDK, VHD or VHDX image."
        )
    found = find_service(service, find_root(here), catalog)
    if lack := find_lack(found.stage, found):
        raise UsageError(f"{lack}.", "Or name another service.")
    empty = stack_on(service, stack, here, catalog)
    defaults = found.test or LaunchDefaults()
    verify = Verify(to_settings(type_, defaults), defaults.launch or found.launch, confirm=True)
    address = Address(service, name_of(file))
    origin = Origin(shown(file), 0, 0)
    image = DesiredImage(address, origin, str(file.resolve()), found.stage, raw=raw, verify=verify)
    return replace(empty, images=(image,), selection=Selection(frozenset({address})))


@dataclass(frozen=True)
class Staging:
    """How to stage a disk without a spec. None: the default that specs have; `gib` is the volume's size,
    `sha256` that of the file's bytes, `raw` that of DesiredImage."""

    name: str | None = None
    method: Method | None = None
    architecture: Architecture = Architecture.X86_64
    boot_mode: BootMode | None = None
    gib: int | None = None
    sha256: str | None = None
    raw: bool = False


def image_to_stage(
    file: str, service: str, how: Staging, stack: str | None, here: Path, catalog: Mapping[str, Path]
) -> Desired:
    """One image, made from a file or a URL, on a service; arguments and errors as of `image_to_test`."""
    check_staging(file, how)
    empty = stack_on(service, stack, here, catalog)
    found = empty.services[service]
    method = how.method or found.stage
    if lack := find_lack(method, found):
        raise UsageError(f"{lack}.", "Or give another --method, or name another service.")
    address = Address(service, how.name or name_of(Path(urlsplit(file).path if is_url(file) else file)))
    image = DesiredImage(
        address=address,
        origin=Origin(shown_source(file), 0, 0),
        source=file if is_url(file) else str(Path(file).resolve()),
        method=method,
        sha256=how.sha256.lower() if how.sha256 else None,
        raw=how.raw,
        architecture=how.architecture,
        boot_mode=how.boot_mode,
        gib=how.gib,
    )
    return replace(empty, images=(image,), selection=Selection(frozenset({address})))


def check_staging(file: str, how: Staging) -> None:
    """UsageError where arguments are wrong. A file with a `sha256` may be gone: its image may exist."""
    if how.name is not None and not NAME.fullmatch(how.name):
        raise UsageError(f"{quoted(how.name)} cannot be an image's name.", "Use letters, digits, ., _ and -.")
    if how.sha256 is not None and not SHA256.fullmatch(how.sha256):
        raise UsageError(f"{quoted(how.sha256)} is not a SHA-256.", "It has 64 hexadecimal digits.")
    if is_url(file):
        _check_url(file)
        if how.sha256 is None:
            raise UsageError("A URL needs the SHA-256 of its file.", "Give --sha256 HEX.")
    elif not Path(file).is_file() and (how.sha256 is None or Path(file).exists()):
        what = "is not a file" if Path(file).exists() else "does not exist"
        raise UsageError(f"{shown(Path(file))} {what}.", "Name a disk: raw, qcow2, VMDK, VHD or VHDX.")


def _check_url(url: str) -> None:
    """Arguments keep the rules of specs. A URL with characters that a terminal could obey is not repeated."""
    what = shown_source(url) if url.isprintable() else "The URL"
    if not url.startswith(("https://", "s3://")):
        raise UsageError(f"{what} is not a URL to stage from.", "Give an https:// or s3:// URL.")
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise UsageError(f"{what} has a user or password in it.", "Leave it out: none are sent.")
    try:
        (require_https if url.startswith("https://") else require_s3)(url)
    except PydanticCustomError as error:
        raise UsageError(f"{what} cannot be used: it {error.message()}.") from None


def stack_on(service: str, stack: str | None, here: Path, catalog: Mapping[str, Path]) -> Desired:
    """A stack on one service that desires nothing yet; arguments and errors as of `image_to_test`."""
    root = find_root(here)
    found = find_service(service, root, catalog)
    name, settings = find_stack(stack, here, found), read_root(root)
    return Desired(
        stack=name,
        root=str(root),
        services={service: found},
        root_id=settings.root_id if name == settings.stack else None,
        is_of_any_root=stack is not None,
    )


def name_of(file: Path) -> str:
    """The name of an image that is staged from a file: the file's own, as far as names allow."""
    name = NOT_IN_NAMES.sub("-", file.stem).lstrip("._-")[:LONGEST_NAME]
    return name.rstrip("._-") or "image"


def find_service(name: str, root: Path, catalog: Mapping[str, Path]) -> Service:
    """A service of the catalog or of `services/` in a root, or the sandbox's stand-in."""
    paths = [root / SERVICES_FOLDER / f"{name}{suffix}" for suffix in SUFFIXES]
    library = open_library(catalog, [path for path in paths if path.is_file()])
    found = library.find(name) if NAME.fullmatch(name) else None
    if library.problems:
        raise SpecError(tuple(sorted(library.problems)))
    if found is None:
        close = suggestion(name, library.names)
        raise UsageError(
            f"There is no service {quoted(name)}{close}.",
            "`extenci catalog list` shows the services, and `extenci catalog add` adds one.",
        )
    return found


def find_stack(named: str | None, here: Path, service: Service) -> str:
    """The stack that will own the image: the one that was named, that of the root, or `default`."""
    if named is not None:
        if not NAME.fullmatch(named):
            raise UsageError(f"{quoted(named)} cannot be a stack's name.", "Use letters, digits, ., _ and -.")
        return named
    root = read_root(find_root(here))
    if root.faults:
        raise SpecError(to_problems(root.folder / SETTINGS_FILE, root.faults))
    if root.stack is not None:
        return root.stack
    if service.on_loopback:
        return DEFAULT_STACK
    raise UsageError(
        f"The image needs a stack, since {quoted(service.name)} is not on this machine.",
        f"Everything made carries its name: give --stack NAME, or write `stack: NAME` into "
        f"an {SETTINGS_FILE} here.",
    )
