"""Desired, recorded and live, side by side: what `extenci status` reports."""

from __future__ import annotations

from dataclasses import dataclass

from extenci.model.address import Address
from extenci.model.observed import Unread
from extenci.model.reconcile import LastPass


@dataclass(frozen=True)
class ImageStatus:
    """One image. `state` is `staged`, `not staged`, `outdated`, `pending`, `failed`, `not desired`, or
    `unknown`: something is staged, and the desired version is not known, since its disk cannot be read.
    `older` are ids of other versions that are still staged."""

    address: Address
    digest: str | None
    id: str | None
    snapshot: str | None
    state: str
    verdict: str | None = None
    older: tuple[str, ...] = ()


@dataclass(frozen=True)
class MachineStatus:
    """One machine of a group; `job` is its HTCondor job, None where it has none. A job that has no machine
    yet has "" as `id`, and its own state. `launched` is in seconds since the epoch, 0 where that is not
    known."""

    id: str
    state: str
    host: str
    image: str
    job: str | None = None
    outdated: bool = False
    type: str = ""
    launched: float = 0.0


@dataclass(frozen=True)
class TestVmStatus:
    """One test VM. `verdict` is the one on its version: `waiting` for a person, else it was kept; None while
    it is being tested. `expires` (ISO 8601) is when it ends at the latest, "" where that is not known."""

    address: Address
    id: str
    state: str
    host: str
    image: str
    type: str = ""
    launched: float = 0.0
    verdict: str | None = None
    expires: str = ""

    __test__ = False


@dataclass(frozen=True)
class RefusedVersion:
    """The verdict `failed` or `expired` on a version that is no longer staged; `at` is in seconds since the
    epoch, `summary` one sentence."""

    address: Address
    version: str
    verdict: str
    at: float
    summary: str = ""


@dataclass(frozen=True)
class InstancesStatus:
    """One instance group; `wanted` is 0 where it is no longer desired; `recorded` the number of
    machines in this catalog's records."""

    address: Address
    wanted: int
    machines: tuple[MachineStatus, ...]
    recorded: int = 0


@dataclass(frozen=True)
class StackStatus:
    """A stack, or the selected part of it. `notes` are sentences about disks that cannot be read here;
    `refused` is known to the home that tested only, and `last_pass` is the last one of `extenci reconcile` in
    this home."""

    stack: str
    services: tuple[str, ...]
    images: tuple[ImageStatus, ...]
    instances: tuple[InstancesStatus, ...]
    sandbox_machines: str | None = None
    unread: tuple[Unread, ...] = ()
    notes: tuple[str, ...] = ()
    last_pass: LastPass | None = None
    test_vms: tuple[TestVmStatus, ...] = ()
    refused: tuple[RefusedVersion, ...] = ()
