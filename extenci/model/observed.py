"""The observed state of services, with the marks of owned resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from extenci.model.abilities import AWS, Abilities
from extenci.model.launch import Launch
from extenci.model.ownership import Marks


class ImageState(StrEnum):
    """DescribeImages' `State`. EC2's other words count as FAILED, words that EC2 does not have as PENDING."""

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
        """Whether a machine in this state has ended, or is ending and cannot be kept."""
        return self in (MachineState.SHUTTING_DOWN, MachineState.TERMINATED)


class JobState(StrEnum):
    """HTCondor's `JobStatus` (1 to 7), in its own words."""

    IDLE = "idle"
    RUNNING = "running"
    REMOVED = "removed"
    COMPLETED = "completed"
    HELD = "held"
    TRANSFERRING = "transferring output"
    SUSPENDED = "suspended"

    @property
    def is_over(self) -> bool:
        """Whether a job in this state will start no more machines."""
        return self in (JobState.REMOVED, JobState.COMPLETED)


@dataclass(frozen=True)
class Job:
    """A job of the stack in HTCondor's EC2 grid universe: it launches a machine, and holds it.

    `id` is `CLUSTER.PROC`; `entered` when it came into its state and `queued` when it was submitted (seconds
    since the epoch); `grid_state` is HTCondor's last word on the machine (`GridJobStatus`); `machine` its
    machine's id once it has one; `client_token` what RunInstances was called with; `token` the submit's own;
    `launch` a hash of all launch settings. A held job has a `hold_reason` and codes; so does a removed one
    whose machine HTCondor failed to end. `unavailable_since` is when HTCondor last found that it cannot use
    the service at all (its key files, or no answer), 0 while it can.
    """

    id: str
    state: JobState
    entered: float
    queued: float
    image: str
    type: str
    grid_state: str = ""
    machine: str | None = None
    client_token: str = ""
    token: str = ""
    launch: str = ""
    hold_reason: str = ""
    hold_code: int = 0
    hold_subcode: int = 0
    unavailable_since: float = 0.0
    marks: Marks | None = None

    @property
    def launched_by(self) -> Launch:
        """The engine whose queue it is in."""
        return Launch.CONDOR


@dataclass(frozen=True)
class Image:
    """A registered image of the account. `created` is the service's own timestamp (ISO 8601),
    `gib` the root volume's size; `marks` is None where the image is not extenci's; `manifest`
    the location of its bundle's manifest in S3 (`BUCKET/KEY`), None where it lies on a snapshot."""

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
    manifest: str | None = None


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
class MachineHandle:
    """Handle to terminate a machine by: its job (`CLUSTER.PROC`) while that works, else its instance id.
    `machine` None: the job had none yet."""

    machine: str | None
    job: str | None = None

    def __str__(self) -> str:
        return str(self.machine) if self.job is None else job_handle(self.job)


@dataclass(frozen=True)
class Machine:
    """An owned machine. `launched` is seconds since the epoch; `host` the name or address to reach it
    at, "" while it has none; `groups` the names and ids of its security groups; `reason` is
    why the service ended or stopped it, and `reason_code` the same as a code (`StateReason.Code`).

    `job` is the HTCondor job that holds it. A job that has no machine, or whose machine is gone, is a machine
    in the making: it stands here as one whose `id` is that of the job. `settling`: machine or job changed
    while they were being read.
    """

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
    reason_code: str = ""
    token: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    marks: Marks | None = None
    job: Job | None = None
    settling: bool = False

    @property
    def exists(self) -> bool:
        """Whether the service has it: a job without a machine stands here, too."""
        return not self.id.startswith(JOB_PREFIX)

    @property
    def was_ended_by_user(self) -> bool:
        """Whether somebody ended it through EC2 (Amazon EC2 User Guide, "StateReason")."""
        return self.reason_code == ENDED_BY_USER

    @property
    def was_ended_by_service(self) -> bool:
        """Whether the service itself ended it, for want of capacity or after a failure."""
        return self.reason_code.startswith("Server.")

    @property
    def handle(self) -> MachineHandle:
        """Handle to terminate it by: its job while that works, else its instance id."""
        job = self.job.id if self.job and not self.job.state.is_over else None
        return MachineHandle(self.id if self.exists else None, job)


@dataclass(frozen=True)
class KeyPair:
    """A key pair of the account; `marks` is None where it carries no tags of extenci, `id` is "" where the
    service has only names."""

    name: str
    marks: Marks | None = None
    id: str = ""
    fingerprint: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


ENDED_BY_USER = "Client.UserInitiatedShutdown"
"""StateReason.Code of a machine that TerminateInstances or StopInstances ended."""

JOB_PREFIX = "job "


def job_handle(job: str) -> str:
    """The text handle of a machine that is ended through its job: `job 12.0`."""
    return JOB_PREFIX + job


@dataclass(frozen=True)
class QueueFacts:
    """Facts about the HTCondor that launches machines of a service.

    `version` is "23.9.6"; `most_submitted` the number of jobs that it gives to the service at a time
    (`GRIDMANAGER_MAX_SUBMITTED_JOBS_PER_RESOURCE_EC2`); `owner` the user that it takes us for
    (`ann@example.edu`), who would own the jobs. `has_ec2_gahp`: whether it can speak EC2 at all;
    `has_ca_file`: whether that trusts certificates of its own choice. "" and None: it does not say.
    """

    schedd: str = ""
    version: str = ""
    most_submitted: int | None = None
    owner: str = ""
    has_ec2_gahp: bool | None = None
    has_ca_file: bool | None = None


@dataclass(frozen=True)
class ServiceState:
    """Everything of one service that a plan looks at.

    `at` is when it was read (seconds since the epoch). `images` are all images of the account, since a
    foreign one may use an owned snapshot; `snapshots` and `machines` only those that this stack has marked or
    recorded. `queue` is
    None where no HTCondor was asked; `abilities` are what is known of the service by then.
    """

    service: str
    at: float
    images: tuple[Image, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    machines: tuple[Machine, ...] = ()
    queue: QueueFacts | None = None
    abilities: Abilities = AWS


@dataclass(frozen=True)
class Unread:
    """A service that was left out, since it could not be read or lacks what its changes need: why, and what
    to do about it. Nothing is planned there."""

    service: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


@dataclass(frozen=True)
class Observation:
    """The observed state of every service that a plan looks at, by the service's name, and those that could
    not be read."""

    services: Mapping[str, ServiceState] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()

    def without(self, unread: tuple[Unread, ...]) -> Observation:
        """The observation without services that turned out to be unreadable after it was made."""
        gone = {one.service for one in unread}
        return Observation({name: one for name, one in self.services.items() if name not in gone}, unread)
