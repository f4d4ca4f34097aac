"""Narrowing: the addresses that the paths, --service and --target of a command select."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from extenci.model.address import Address
from extenci.model.desired import Selection
from extenci.model.errors import UsageError
from extenci.model.text import either
from extenci.spec.root import SERVICES_FOLDER, SETTINGS_FILE, resolve_path
from extenci.spec.spec_file import SpecDocument
from extenci.spec.words import quoted, shown, suggestion


def find_selected_files(root: Path, paths: Sequence[Path], specs: Collection[Path]) -> frozenset[Path] | None:
    """The spec files that paths inside a root name; None for all. UsageError for a path without any."""
    selected: set[Path] = set()
    for path in paths:
        real = resolve_path(path)
        if real in (root, root / SETTINGS_FILE):
            return None
        found = {spec for spec in specs if spec == real or spec.is_relative_to(real)}
        if not found:
            raise UsageError(f"{shown(path)} {_why_not(root, real)}", f"The spec root is {shown(root)}.")
        selected |= found
    return frozenset(selected)


def _why_not(root: Path, real: Path) -> str:
    if real.is_dir():
        return "holds no spec files of its spec root."
    if real.parent == root / SERVICES_FOLDER:
        return f"describes a service; to select it, use --service {real.stem}."
    return (
        "is not a spec file of its spec root: specs end in .yaml or .yml, and are neither hidden nor ignored."
    )


def select(
    documents: Sequence[SpecDocument],
    files: frozenset[Path] | None,
    service: str | None,
    targets: Sequence[str],
    excluded: Sequence[str] = (),
) -> Selection:
    """The selection. An address that the specs do not have is kept: they may have had it once, and it may
    still exist. Its service must be one of theirs; UsageError otherwise."""
    named = sorted({named.name for document in documents for named in document.services})
    if service is not None and service not in named:
        raise _unknown_service(service, named)
    addresses = None if files is None else _addresses_in(documents, files)
    everywhere = _addresses_in(documents, None)
    wanted = frozenset(_parse(target, "target", named, everywhere) for target in targets)
    left_out = frozenset(_parse(one, "excluded address", named, everywhere) for one in excluded)
    for address in sorted(wanted | left_out):
        what = f"The {'target' if address in wanted else 'excluded address'} {address}"
        if addresses is not None and address in everywhere - addresses:
            raise UsageError(f"{what} is not in the given files.")
        if service is not None and address.service != service:
            raise UsageError(f"{what} is not at the service {quoted(service)}.")
    if both := wanted & left_out:
        raise UsageError(f"{min(both)} cannot be both a target and excluded.", "Leave one of them out.")
    return Selection(
        wanted if targets else addresses, None if service is None else frozenset((service,)), left_out
    )


def _addresses_in(documents: Sequence[SpecDocument], files: frozenset[Path] | None) -> frozenset[Address]:
    return frozenset(
        Address(service.name, entry.name)
        for document in documents
        if files is None or document.document.path in files
        for entry in document.entries
        for service in entry.services
    )


def _parse(text: str, what: str, named: Sequence[str], known: Iterable[Address]) -> Address:
    try:
        address = Address.parse(text)
    except ValueError:
        meant = either(str(one) for one in sorted(known) if one.name == text)
        hint = f"Write SERVICE/NAME{', such as ' + meant if meant else ''}."
        raise UsageError(f"The {what} {quoted(text)} is not an address.", hint) from None
    if address.service not in named:
        raise _unknown_service(address.service, named)
    return address


def _unknown_service(service: str, named: Sequence[str]) -> UsageError:
    close = suggestion(service, named)
    return UsageError(
        f"The specs name no service {quoted(service)}{close or '.'}", f"They name {either(named)}."
    )
