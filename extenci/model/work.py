"""The work of a change: all that is needed to carry it out, one class for each kind of step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from extenci.model.desired import DesiredGroup
from extenci.model.observed import MachineHandle
from extenci.model.s3 import PartUpload
from extenci.model.verification import Verify
from extenci.model.version import Parent, Version


@dataclass(frozen=True)
class StageWork:
    """Upload a disk and register it. `tags` go on the snapshot and the image, without the plan's id.

    `size` is the disk's size in bytes, `blocks` the number of its non-zero blocks. `snapshot` is the pending
    snapshot of an interrupted run, to be continued. `parent` is a snapshot of an earlier version, so that
    only blocks that differ need to be sent; if `snapshot` is given, the one that it was started from.
    `names_service`: the service's name is a part of the image's, since another service of the account has or
    makes one of the same name.
    `to_send` is the number of blocks that are left to send, where that is known and may be fewer.
    """

    version: Version
    source: str
    size: int
    blocks: int
    tags: Mapping[str, str]
    sha256: str | None = None
    snapshot: str | None = None
    parent: Parent | None = None
    names_service: bool = False
    to_send: int | None = None


@dataclass(frozen=True)
class RegisterWork:
    """Register an image of a snapshot that exists (`snapshot`), or that another change of this plan makes
    (`staged_by`: that change's id). `names_service` is as in StageWork."""

    version: Version
    tags: Mapping[str, str]
    snapshot: str | None = None
    staged_by: str | None = None
    names_service: bool = False


@dataclass(frozen=True)
class ImageToLaunch:
    """The image of a launch: one that exists (`id`), or that a change of this plan registers (`staged_by`:
    that change's id)."""

    id: str | None
    staged_by: str | None = None


@dataclass(frozen=True)
class LaunchWork:
    """Launch machines of a group. `tags` go on each of them, without the plan's id."""

    group: DesiredGroup
    image: ImageToLaunch
    count: int
    tags: Mapping[str, str]


@dataclass(frozen=True)
class AwaitedMachine:
    """A machine that is being launched already, and the tags that it is to have."""

    handle: MachineHandle
    tags: Mapping[str, str]


@dataclass(frozen=True)
class AwaitWork:
    """Wait for machines that are being launched already until they run, for at most so many seconds."""

    machines: tuple[AwaitedMachine, ...]
    seconds: float


@dataclass(frozen=True)
class ReplaceWork:
    """Launch machines in place of `machines`, at most `batch` at a time. With `surge`, the new ones run
    before the old ones go; otherwise up to `batch` machines are missing at a time. `machines` are as in
    TerminateWork. Machines of an older version that the change `launched_by` launches before are
    replaced, too."""

    group: DesiredGroup
    image: ImageToLaunch
    machines: tuple[MachineHandle, ...]
    batch: int
    surge: bool
    tags: Mapping[str, str]
    launched_by: str | None = None


@dataclass(frozen=True)
class TerminateWork:
    """Terminate machines by their handles; that of a job names the machine that it had when the plan was
    made. `key_pairs` were made for these machines alone, and are
    deleted with them."""

    machines: tuple[MachineHandle, ...]
    key_pairs: tuple[str, ...] = ()


@dataclass(frozen=True)
class VerifyWork:
    """Boot a test VM from a version, judge it, and record the verdict.

    `version` is its label; `verify_hash` the hash of the verify block and its files, to which the verdict
    belongs; `tags` go on the test VM, without the plan's id and its expiry; `removable`: a version that fails
    is unstaged.
    """

    version: str
    digest: str
    image: ImageToLaunch
    verify: Verify
    verify_hash: str
    tags: Mapping[str, str]
    removable: bool


@dataclass(frozen=True)
class ConfirmWork:
    """Record a person's answer about a version that waits, terminate its test VMs (`machines` and
    `key_pairs` as in TerminateWork), and unstage the version if it does not work. With `keep_until`, seconds
    since the epoch, the test VMs of a version that does not work run on until then, and it stays staged.
    `aside` is that of VerdictMark."""

    image: str
    version: str
    verify_hash: str
    works: bool
    machines: tuple[MachineHandle, ...]
    key_pairs: tuple[str, ...] = ()
    removable: bool = True
    keep_until: float | None = None
    aside: bool = False


@dataclass(frozen=True)
class UnstageWork:
    """Deregister an image and delete its snapshots. `image` is None if only snapshots were left behind;
    `snapshots` is empty if something else uses them."""

    image: str | None
    snapshots: tuple[str, ...]


@dataclass(frozen=True)
class UpdateWork:
    """Set and remove tags of resources, extenci's marks among them."""

    resources: tuple[str, ...]
    set: Mapping[str, str]
    unset: tuple[str, ...] = ()


@dataclass(frozen=True)
class AdoptWork:
    """Tag resources that are ours by name, token or record but do not carry the tags yet."""

    resources: tuple[str, ...]
    set: Mapping[str, str]


@dataclass(frozen=True)
class ImportWork:
    """Take resources under management that exist and were not made for the specs: set and remove their tags,
    and record them."""

    set: Mapping[str, str]
    unset: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    snapshots: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()

    @property
    def resources(self) -> tuple[str, ...]:
        """The ids of all of them."""
        return (*self.images, *self.snapshots, *self.machines)


@dataclass(frozen=True)
class ForgetWork:
    """Drop the records of resources that no longer exist."""

    resources: tuple[str, ...]


@dataclass(frozen=True)
class RemoveWork:
    """Delete leftovers: key pairs of test VMs, with their private keys on this machine; `files` in this
    user's home, by their paths; and `objects`, by their keys, and unfinished `uploads` in a bucket."""

    key_pairs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    bucket: str = ""
    objects: tuple[str, ...] = ()
    uploads: tuple[PartUpload, ...] = ()


Work = (
    StageWork
    | RegisterWork
    | VerifyWork
    | ConfirmWork
    | LaunchWork
    | AwaitWork
    | ReplaceWork
    | TerminateWork
    | UnstageWork
    | UpdateWork
    | AdoptWork
    | ImportWork
    | ForgetWork
    | RemoveWork
)
