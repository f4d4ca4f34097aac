"""The desired state of the specs, resolved: defaults filled in, paths absolute, references checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from extenci.model.address import Address
from extenci.model.launch import Launch, LaunchSettings, RootVolume
from extenci.model.service import Service
from extenci.model.verification import Verify
from extenci.model.version import Architecture, BootMode, Method

__all__ = [
    "Desired",
    "DesiredGroup",
    "DesiredImage",
    "ImageId",
    "ImageReference",
    "LaunchSettings",
    "Origin",
    "RootVolume",
    "Selection",
]


@dataclass(frozen=True)
class Origin:
    """Where in the specs a spec stands. Lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True)
class DesiredImage:
    """A desired image. `source` is an absolute path or a URL; with `raw` it is staged although its content is
    not known to be a disk; `gib` None means the disk's own, rounded up; `keep` is the number of versions kept
    beside the desired one; `verify` None: it is not verified."""

    address: Address
    origin: Origin
    source: str
    method: Method
    sha256: str | None = None
    raw: bool = False
    architecture: Architecture = Architecture.X86_64
    boot_mode: BootMode | None = None
    gib: int | None = None
    keep: int = 1
    protect: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    verify: Verify | None = None


@dataclass(frozen=True)
class ImageId:
    """An image that extenci does not stage, by the service's own id (`ami-…`, `emi-…`)."""

    id: str

    def __str__(self) -> str:
        return self.id


ImageReference = Address | ImageId


@dataclass(frozen=True)
class DesiredGroup:
    """A desired group of `count` interchangeable machines; `launch_timeout` in seconds."""

    address: Address
    origin: Origin
    image: ImageReference
    count: int
    settings: LaunchSettings
    launch: Launch = Launch.EC2
    max_unavailable: int = 1
    launch_timeout: int = 900
    protect: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Selection:
    """The addresses that a plan is about. None: all of them, and owned resources that are no longer desired.
    `excluded` are left as they are, whatever else is selected.

    Images that a selected group is launched from are staged if they must be, but nothing of theirs
    is removed unless they are selected themselves.
    """

    addresses: frozenset[Address] | None = None
    services: frozenset[str] | None = None
    excluded: frozenset[Address] = frozenset()

    def covers(self, address: Address) -> bool:
        """Whether changes of this address belong to the plan."""
        if self.services is not None and address.service not in self.services:
            return False
        return address not in self.excluded and (self.addresses is None or address in self.addresses)

    @property
    def named(self) -> frozenset[Address]:
        """The addresses that must exist, in the specs or elsewhere, for the selection to make sense."""
        return (self.addresses or frozenset()) | self.excluded

    def without(self, addresses: Iterable[Address]) -> Selection:
        """The selection with more addresses excluded."""
        return replace(self, excluded=self.excluded.union(addresses))

    def touches(self, service: str) -> bool:
        """Whether the plan is about anything on a service."""
        if self.services is not None and service not in self.services:
            return False
        return self.addresses is None or any(address.service == service for address in self.addresses)


@dataclass(frozen=True)
class Desired:
    """Everything that one spec root asks for, and the selected part of it.

    `services` holds every service that the specs name, by name; `root` is the folder's absolute path, and
    `root_id` what its extenci.yaml says to tell it from other roots. `is_of_any_root`: the stack was named
    for one command, so that its resources count whichever root made them.
    """

    stack: str
    root: str
    services: Mapping[str, Service]
    images: tuple[DesiredImage, ...] = ()
    instances: tuple[DesiredGroup, ...] = ()
    selection: Selection = Selection()
    root_id: str | None = None
    is_of_any_root: bool = False

    def image(self, address: Address) -> DesiredImage | None:
        """The image desired at an address."""
        return next((spec for spec in self.images if spec.address == address), None)

    @property
    def touched_services(self) -> tuple[str, ...]:
        """The names of the services that the selection is about, in their order."""
        return tuple(name for name in sorted(self.services) if self.selection.touches(name))
