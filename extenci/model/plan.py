"""Plans as values: the changes, in order, that would make the observed state the desired one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from extenci.model.address import Address, Kind
from extenci.model.desired import Desired, DesiredGroup
from extenci.model.s3 import PartUpload
from extenci.model.verification import Verify
from extenci.model.version import Disk, Parent, Version

FORMAT_VERSION = 1


class Action(StrEnum):
    """Everything that a change can do."""

    STAGE = "stage"
    REGISTER = "register"
    VERIFY = "verify"
    LAUNCH = "launch"
    REPLACE = "replace"
    TERMINATE = "terminate"
    UNSTAGE = "unstage"
    ADOPT = "adopt"
    FORGET = "forget"
    UPDATE = "update"
    REMOVE = "remove"
    """Delete what is no resource of its own and was left behind: key pairs of test VMs, files."""


@dataclass(frozen=True)
class FieldChange:
    """One field that differs; `path` is dotted (`settings.type`), secrets are shown by their hash."""

    path: str
    before: object
    after: object


# What a change needs to be carried out, one class an action.


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


@dataclass(frozen=True)
class Change:
    """One step of a plan. `id` is `ACTION ADDRESS`, with a discriminator where one address has several of
    an action; `depends_on` holds ids of changes that must be done before; `count` is the number of
    machines or images."""

    id: str
    address: Address
    kind: Kind
    action: Action
    count: int
    reason: str
    work: Work
    fields: tuple[FieldChange, ...] = ()
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drift:
    """A difference that nobody's spec asked for: `path` is a field, or a resource and a field of it."""

    address: Address
    kind: Kind
    path: str
    before: object
    after: object


@dataclass(frozen=True)
class Blocked:
    """Something the specs ask for that this plan will not do, and why. `waits`: a person has to say yes, and
    then it goes on."""

    address: Address
    kind: Kind
    action: Action
    reason: str
    waits: bool = False


@dataclass(frozen=True)
class Plan:
    """What would be done, in an order that can be followed from first to last.

    `refusals` are limits of services that the plan goes past: it is shown, and not applied without
    --force. `summary` counts: images to stage, register and unstage; machines to launch, replace, terminate.
    """

    stack: str
    services: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    drift: tuple[Drift, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    warnings: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    destroy: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done. Drift and warnings alone do not count."""
        return not self.changes and not self.blocked

    @property
    def summary(self) -> dict[str, int]:
        """How many of each action: machines for instances, images for images; only what is not zero."""
        counts: dict[str, int] = {}
        for change in self.changes:
            counts[str(change.action)] = counts.get(str(change.action), 0) + change.count
        return counts

    def change(self, id: str) -> Change | None:  # noqa: A002 - the field's own name
        """The change of an id."""
        return next((change for change in self.changes if change.id == id), None)


@dataclass(frozen=True)
class SavedPlan:
    """A plan and all it was made from, as `plan --out` writes it.

    `id` names the plan (and the run that applies it); `specs` are whole; `disks` by address as text;
    `force` whether limits were waived when it was made.
    """

    id: str
    made: float
    plan: Plan
    desired: Desired
    disks: Mapping[str, Disk] = field(default_factory=dict)
    force: bool = False
