"""What a service reports now: the observed state, with the marks of what is owned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from extenci.model.ownership import Marks


class ImageState(StrEnum):
    """DescribeImages' `State`; every other word of a service counts as FAILED."""

    PENDING = "pending"
    AVAILABLE = "available"
    FAILED = "failed"


class SnapshotState(StrEnum):
    """DescribeSnapshots' `State`."""

    PENDING = "pending"
    COMPLETED = "completed"
    ERROR = "error"


class MachineState(StrEnum):
    """DescribeInstances' `State.Name`."""

    PENDING = "pending"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    SHUTTING_DOWN = "shutting-down"
    TERMINATED = "terminated"

    @property
    def is_gone(self) -> bool:
        """Whether a machine in this state is ended, or ending beyond return."""
        return self in (MachineState.SHUTTING_DOWN, MachineState.TERMINATED)


@dataclass(frozen=True)
class Image:
    """A registered image of the account. `created` is the service's own timestamp (ISO 8601),
    `gib` the root volume's size; `marks` is None where the image is not extenci's."""

    id: str
    name: str
    state: ImageState
    snapshots: tuple[str, ...] = ()
    architecture: str | None = None
    boot_mode: str | None = None
    gib: int | None = None
    created: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    marks: Marks | None = None


@dataclass(frozen=True)
class Snapshot:
    """An owned EBS snapshot; `started` is ISO 8601, `gib` the volume's size."""

    id: str
    state: SnapshotState
    gib: int
    started: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    marks: Marks | None = None


@dataclass(frozen=True)
class Machine:
    """An owned machine. `launched` is seconds since the epoch; `host` the name or address to reach it
    at, "" while it has none; `groups` the names and ids of its security groups; `reason` is
    why the service ended or stopped it."""

    id: str
    state: MachineState
    image: str
    type: str
    launched: float = 0.0
    host: str = ""
    private_host: str = ""
    key_name: str | None = None
    groups: frozenset[str] = frozenset()
    subnet: str | None = None
    availability_zone: str | None = None
    instance_profile: str | None = None
    spot: bool = False
    reason: str = ""
    token: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    marks: Marks | None = None


@dataclass(frozen=True)
class ServiceState:
    """Everything of one service that a plan looks at.

    `at` is when it was read (seconds since the epoch). `images` are all images of the account, since a
    foreign one may use an owned snapshot; `snapshots` and `machines` only those of this stack.
    """

    service: str
    at: float
    images: tuple[Image, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    machines: tuple[Machine, ...] = ()


@dataclass(frozen=True)
class Observation:
    """The observed state of every service that a plan looks at, by the service's name."""

    services: Mapping[str, ServiceState] = field(default_factory=dict)
