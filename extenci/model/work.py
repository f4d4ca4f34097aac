"""What a change needs to be carried out, one class for each kind of step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from extenci.model.desired import DesiredGroup
from extenci.model.s3 import PartUpload
from extenci.model.verification import Verify
from extenci.model.version import Parent, Version


@dataclass(frozen=True)
class StageWork:
    """Upload a disk and register it. `tags` go on the snapshot and the image, without the plan's id.

    `snapshot` is a pending one of an interrupted run to go on with; `size` the disk's bytes,
    `blocks` its non-zero blocks; `parent` a snapshot of an earlier version, so that only what differs needs
    to be sent, or the one that `snapshot` was started from.
    """

    version: Version
    source: str
    size: int
    blocks: int
    tags: Mapping[str, str]
    sha256: str | None = None
    snapshot: str | None = None
    parent: Parent | None = None


@dataclass(frozen=True)
class RegisterWork:
    """Register an image of a snapshot that is there (`snapshot`), or that another change of this plan
    makes (`staged_by`: that change's id)."""

    version: Version
    tags: Mapping[str, str]
    snapshot: str | None = None
    staged_by: str | None = None


@dataclass(frozen=True)
class ImageToLaunch:
    """The image of a launch: one that is there (`id`), or that a change of this plan registers
    (`staged_by`: that change's id)."""

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
class ReplaceWork:
    """Launch machines in place of `machines`, at most `batch` at a time; with `surge`, the new ones run
    before the old ones go, otherwise at most `batch` are missing meanwhile. `machines` and `held` as in
    TerminateWork. What the change `launched_by` launches meanwhile, of an older version, is replaced, too."""

    group: DesiredGroup
    image: ImageToLaunch
    machines: tuple[str, ...]
    batch: int
    surge: bool
    tags: Mapping[str, str]
    held: Mapping[str, str] = field(default_factory=dict)
    launched_by: str | None = None


@dataclass(frozen=True)
class TerminateWork:
    """End machines, by their handles: ids, and jobs (`job 12.0`) where HTCondor holds them. `held` tells
    which machine such a job had when the plan was made; `key_pairs` were made for them alone, and go."""

    machines: tuple[str, ...]
    held: Mapping[str, str] = field(default_factory=dict)
    key_pairs: tuple[str, ...] = ()


@dataclass(frozen=True)
class VerifyWork:
    """Boot a test VM from a version, judge it, and record the verdict.

    `version` is its label; `trial` the hash of the verify block and its files that the verdict is about;
    `tags` go on the test VM, without the plan's id and its expiry; `removable`: what fails is unstaged.
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
    """A person's answer about a version that waits: record it, end the test VMs (`machines` and `held` as in
    TerminateWork, `key_pairs` theirs), and unstage the version where it does not work."""

    image: str
    version: str
    verify_hash: str
    works: bool
    machines: tuple[str, ...]
    held: Mapping[str, str] = field(default_factory=dict)
    key_pairs: tuple[str, ...] = ()
    removable: bool = True


@dataclass(frozen=True)
class UnstageWork:
    """Deregister an image and delete its snapshot. `image` None: only a snapshot was left behind;
    `snapshots` empty: they stay, something else uses them."""

    image: str | None
    snapshots: tuple[str, ...]


@dataclass(frozen=True)
class UpdateWork:
    """Set and remove tags (marks included) of resources."""

    resources: tuple[str, ...]
    set: Mapping[str, str]
    unset: tuple[str, ...] = ()


@dataclass(frozen=True)
class AdoptWork:
    """Put the tags on resources that are ours by name, token or record but do not carry them yet."""

    resources: tuple[str, ...]
    set: Mapping[str, str]


@dataclass(frozen=True)
class ForgetWork:
    """Drop the records of resources that no longer exist."""

    resources: tuple[str, ...]


@dataclass(frozen=True)
class RemoveWork:
    """Delete key pairs that were made for test VMs, with the files of their private keys that are here;
    `files` of this user's home, by their paths; and what lies in a bucket: objects, by their keys, and
    uploads that were not ended."""

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
    | ReplaceWork
    | TerminateWork
    | UnstageWork
    | UpdateWork
    | AdoptWork
    | ForgetWork
    | RemoveWork
)
