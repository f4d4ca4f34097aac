"""The marks of resources that extenci owns: their tags, in one place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from extenci.model.address import Address
from extenci.model.desired import DesiredGroup
from extenci.model.version import Parent


class Role(StrEnum):
    """The purpose of an owned machine or image (tag `extenci:role`)."""

    POOL = "pool"
    TEST = "test"
    MANUAL = "manual"


PREFIX = "extenci:"
STACK = "extenci:stack"
SERVICE = "extenci:service"
NAME = "extenci:name"
DIGEST = "extenci:digest"
VERSION = "extenci:version"
SOURCE_SHA256 = "extenci:source-sha256"
VERDICT = "extenci:verdict"
SETTINGS = "extenci:settings"
ROLE = "extenci:role"
PLAN = "extenci:plan"
PROTECT = "extenci:protect"
EXPIRES = "extenci:expires"
PARENT = "extenci:parent"
"""On a snapshot: the one that it was started from (`ParentSnapshotId`, which no call reports), and the digest
of that one's disk, as `SNAPSHOT:DIGEST`. Without it, the content of an unfinished snapshot is not known."""
TAG_KEYS = "extenci:tags"
"""Which of a resource's other tags came from its spec, so that they can be removed again, without any
record, once the spec no longer names them."""

OWNER_CHARACTERS = 16

TAG_KEYS_LIMIT = 255
"""Characters that the list of a resource's own tag keys may take (EC2: a tag value holds 256)."""


@dataclass(frozen=True)
class Marks:
    """The marks in the tags of an owned resource. `settings` is `FORMAT:HASH`."""

    stack: str
    service: str
    name: str
    role: Role = Role.POOL
    digest: str | None = None
    version: str | None = None
    source_sha256: str | None = None
    settings: str | None = None
    plan: str | None = None
    protect: bool = False
    verdict: str | None = None
    expires: str | None = None
    parent: Parent | None = None
    tag_keys: tuple[str, ...] = ()

    @property
    def address(self) -> Address:
        """The address that the resource belongs to."""
        return Address(self.service, self.name)

    def to_tags(self, own: Mapping[str, str] | None = None) -> dict[str, str]:
        """These marks as tags, with the tags `own` that the spec asks for beside them."""
        own = own or {}
        known = {
            STACK: self.stack,
            SERVICE: self.service,
            NAME: self.name,
            ROLE: str(self.role),
            DIGEST: self.digest,
            VERSION: self.version,
            SOURCE_SHA256: self.source_sha256,
            SETTINGS: self.settings,
            PLAN: self.plan,
            PROTECT: "true" if self.protect else None,
            VERDICT: self.verdict,
            EXPIRES: self.expires,
            PARENT: str(self.parent) if self.parent else None,
            TAG_KEYS: join_keys(own) or None,
        }
        return {**own, **{key: value for key, value in known.items() if value is not None}}


def owner_code(stack: str, address: Address, role: Role) -> str:
    """How the client tokens begin of machines that are launched for an address: by it, any home knows them
    before they have tags. 16 hex characters."""
    return hashlib.sha256(f"{stack}\n{address}\n{role}".encode()).hexdigest()[:OWNER_CHARACTERS]


def read_marks(tags: Mapping[str, str]) -> Marks | None:
    """The marks among a resource's tags, or None where it is not extenci's."""
    stack, service, name = tags.get(STACK), tags.get(SERVICE), tags.get(NAME)
    if not (stack and service and name):
        return None
    role = tags.get(ROLE, Role.POOL)
    return Marks(
        stack=stack,
        service=service,
        name=name,
        role=Role(role) if role in list(Role) else Role.MANUAL,
        digest=tags.get(DIGEST),
        version=tags.get(VERSION),
        source_sha256=tags.get(SOURCE_SHA256),
        settings=tags.get(SETTINGS),
        plan=tags.get(PLAN),
        protect=tags.get(PROTECT) == "true",
        verdict=tags.get(VERDICT),
        expires=tags.get(EXPIRES),
        parent=Parent.read(tags.get(PARENT, "")),
        tag_keys=split_keys(tags.get(TAG_KEYS, "")),
    )


def join_keys(keys: Iterable[str]) -> str:
    """Tag keys as one tag value: sorted, with `,` between and `,` and `\\` inside escaped."""
    return ",".join(key.replace("\\", "\\\\").replace(",", "\\,") for key in sorted(keys))


def split_keys(text: str) -> tuple[str, ...]:
    """The reverse of `join_keys`."""
    keys: list[str] = []
    current, escaped = "", False
    for character in text:
        if escaped or character not in "\\,":
            current, escaped = current + character, False
        elif character == "\\":
            escaped = True
        else:
            keys, current = [*keys, current], ""
    return (*keys, current) if text else ()


MARK_KEYS = (STACK, SERVICE, NAME, DIGEST, VERSION, SOURCE_SHA256, VERDICT, SETTINGS, ROLE, PLAN, PROTECT,
             EXPIRES, PARENT, TAG_KEYS)  # fmt: skip
"""The keys of all marks."""

LASTING_MARKS = (STACK, SERVICE, NAME, DIGEST, VERSION, SETTINGS, ROLE, PARENT)
"""The keys of marks that say which resource it is, and stay while it exists."""

SETTINGS_FORMAT = "1"


def settings_mark(spec: DesiredGroup) -> str:
    """`FORMAT:HASH` over the launch settings that DescribeInstances does not report.

    A mark of another format than `SETTINGS_FORMAT` says nothing about a machine being outdated.
    """
    volume = spec.settings.root_volume
    hidden: list[object] = [
        str(spec.launch),
        spec.settings.user_data,
        [volume.gib, volume.type, volume.encrypted] if volume else None,
        spec.settings.spot_price,
    ]
    return _mark_of(hidden)


def launch_mark(spec: DesiredGroup) -> str:
    """`FORMAT:HASH` over all launch settings but the image: it tells whether a job without a machine will
    start one as it is desired."""
    return _mark_of([settings_mark(spec), repr(spec.settings)])


def _mark_of(values: list[object]) -> str:
    digest = hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]
    return f"{SETTINGS_FORMAT}:{digest}"
