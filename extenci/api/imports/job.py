"""Take existing images and machines under management."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from extenci.api.execution import Run, carry_out
from extenci.api.imports.description import MACHINE_PREFIX, ImportRequest, describe
from extenci.api.options import DEFAULTS, Options
from extenci.api.recovery import recover
from extenci.api.session import open_locked
from extenci.api.specs import load_around
from extenci.catalog.home import Home
from extenci.catalog.spec_file import new_content, write_spec
from extenci.catalog.trust import allowed_paths
from extenci.model.address import Address
from extenci.model.desired import Desired, DesiredGroup, DesiredImage, Selection
from extenci.model.errors import PlanError, UsageError
from extenci.model.outcome import Result
from extenci.plan.imported.refusals import NOTHING_DONE
from extenci.spec.own_file import find_source
from extenci.spec.stanza import entry_of, stanza


@dataclass(frozen=True)
class ImportResult:
    """The result of an import: `stanza` is the text of a spec file that describes what was imported, "" where
    the specs described it already; `written` is the file that has it now. `notes` are worth a line each."""

    address: Address
    ids: tuple[str, ...]
    result: Result
    stanza: str = ""
    written: Path | None = None
    notes: tuple[str, ...] = ()


def import_resources(
    request: ImportRequest, *, home: Home | None = None, options: Options = DEFAULTS
) -> ImportResult:
    """Mark an image, or machines, as what the specs ask for at an address, so that the next plan there has
    nothing to do. Where the specs have no entry of that name, one is described, and written where the request
    says so.

    UsageError, SpecError; PlanError where something does not exist, is somebody else's, protected, of another
    kind, or not what the entry says; LockHeld; and whatever `apply` raises.
    """
    home = home or Home.find()
    address = request.address
    desired = load_around(address.service, request.root, home)
    entry = find_entry(desired, address)
    require_consistent(request, entry)
    folder = request.write.parent if request.write else Path(desired.root)
    if request.source is not None:
        require_own_source(request.source, Path(desired.root), folder, home)
    with open_locked(narrowed(desired, address), home, options) as session:
        observed = recover(session)
        described = describe(session, observed, request, entry)
        keys = entry_of(described.spec, desired.services[address.service], folder)
        text = stanza(described.spec, keys) if entry is None else ""
        written = request.write if entry is None else None
        content = new_content(written, described.spec, keys) if written else ""
        result = carry_out(session, described.plan, observed, Run(is_whole=False))
    if written is not None and result.ok:
        write_spec(written, content)
        return ImportResult(address, request.ids, result, text, written, described.notes)
    return ImportResult(address, request.ids, result, text, None, described.notes)


def find_entry(desired: Desired, address: Address) -> DesiredImage | DesiredGroup | None:
    """What the specs ask for at an address; None where they do not name it."""
    every: tuple[DesiredImage | DesiredGroup, ...] = (*desired.images, *desired.instances)
    return next((spec for spec in every if spec.address == address), None)


def narrowed(desired: Desired, address: Address) -> Desired:
    """What is desired, with one address selected."""
    return replace(desired, selection=Selection(frozenset({address})))


def require_consistent(request: ImportRequest, entry: DesiredImage | DesiredGroup | None) -> None:
    """UsageError where arguments contradict each other or the specs; PlanError where the address is of
    another kind than the ids."""
    are_machines = {one.startswith(MACHINE_PREFIX) for one in request.ids}
    if len(are_machines) > 1 or len(set(request.ids)) < len(request.ids):
        raise UsageError("Images and machines are imported one kind at a time, and each id once.")
    is_group = are_machines == {True}
    if not is_group and len(request.ids) > 1:
        raise UsageError("One image is imported at a time.", "Give one id.")
    if entry is not None and isinstance(entry, DesiredGroup) is not is_group:
        has, given = ("a group", "an image") if not is_group else ("an image", "a machine")
        raise PlanError(
            f"{request.address} is {has} of the specs ({entry.origin}), and {request.ids[0]} is {given}.",
            f"{NOTHING_DONE} Give another address.",
        )
    if request.source is not None and (is_group or entry is not None):
        why = f"its entry at {entry.origin} names the disk" if entry else "machines are made from no disk"
        raise UsageError(f"--source is not needed: {why}.", "Leave it out.")
    if not is_group and entry is None and request.source is None:
        raise UsageError(
            f"The specs have no image {request.address}, and an image alone does not tell which disk it was "
            "made from.",
            "Name the disk: --source FILE. An image that is only used needs no import: groups name it by its "
            f"id, `image: {request.ids[0]}`.",
        )


def require_own_source(source: Path, root: Path, folder: Path, home: Home) -> None:
    """UsageError where specs may not name a disk."""
    if not source.is_file():
        raise UsageError(f"{source} is not a file.", "Name the disk that the image was made from.")
    fault = find_source(root, folder, str(source.resolve()), allowed_paths(home).sources)[1]
    if fault:
        raise UsageError(f"The disk {source} {fault}.")
