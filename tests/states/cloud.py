"""A cloud in memory that shows late what was made, and keeps account of what it was told to do.

It has EC2's rules as far as extenci's work meets them: names and tokens that are used once, snapshots that
are in use, ids that it does not know yet. `sdk.py` gives it the face of the SDK's clients.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.states.clock import Clock
from tests.states.faults import refused
from tests.states.resources import (
    BOOT_SECONDS,
    COMPLETION_SECONDS,
    END_SECONDS,
    Lag,
    Resource,
)

LEASE_RENEWED = "extenci:lease-renewed"
UNKNOWN = {
    "machine": "InvalidInstanceID.NotFound",
    "image": "InvalidAMIID.NotFound",
    "snapshot": "InvalidSnapshot.NotFound",
    "key": "InvalidKeyPair.NotFound",
}
PREFIXES = {"machine": "i", "image": "ami", "snapshot": "snap", "key": "key"}


@dataclass
class Cloud:
    """The cloud. `lag` is that of what is made next; `meant` are the tags that are meant for what is made
    under a token or name; `bounds` are the most machines that each group may have while a run goes on;
    `wrong` has what should never happen."""

    clock: Clock
    lag: Lag = field(default_factory=Lag)
    there: dict[str, Resource] = field(default_factory=dict)
    tokens: dict[str, tuple[Any, tuple[str, ...]]] = field(default_factory=dict)
    meant: dict[str, Mapping[str, str]] = field(default_factory=dict)
    bounds: Mapping[str, int] | None = None
    wrong: list[str] = field(default_factory=list)
    made: Counter[str] = field(default_factory=Counter)
    last_made_at: float = 0.0

    # What there is.

    def of(self, kind: str) -> list[Resource]:
        """All of a kind, those that ended too."""
        return [one for one in self.there.values() if one.kind == kind]

    def live(self, kind: str) -> list[Resource]:
        """Those of a kind that are there."""
        return [one for one in self.of(kind) if one.is_live]

    def sizes(self, *, with_stripped: bool = False) -> Counter[str]:
        """How many machines there are of each group of the stack, whether they show or not."""
        groups = (one.group for one in self.live("machine") if with_stripped or not one.was_stripped)
        return Counter(group for group in groups if group is not None)

    def left(self) -> list[str]:
        """What there is of the stack, and of nobody else."""
        own = (one for one in self.there.values() if one.is_live and not one.is_others)
        return [f"{one.id} {one.born}" for one in own if not one.was_stripped]

    def make(
        self, kind: str, facts: dict[str, Any], tags: Mapping[str, str], token: str = "", **more: Any
    ) -> Resource:
        """Make a resource. `token` is what its call is known by in the journal."""
        self.made[kind] += 1
        if kind != "key":
            self.last_made_at = self.clock.now
        name = f"{PREFIXES[kind]}-{self.made[kind]:08x}"
        born = self.meant.get(token) or dict(tags)
        made = Resource(name, kind, self.clock.now, more.pop("lag", self.lag), facts, born=born, **more)
        made.retag(tags, self.clock.now)
        self.there[name] = made
        return made

    def add_others(self) -> None:
        """What others have in the account, some of it with marks of another stack."""
        marks = {"extenci:stack": "other", "extenci:service": "cloud", "extenci:name": "pool",
                 "extenci:role": "pool"}  # fmt: skip
        for tags in ({}, {"Name": "web"}, marks):
            snapshot = self.make("snapshot", snapshot_facts(1, state="completed"), tags, is_others=True)
            image = self.make(
                "image", image_facts(f"others-{len(self.there)}", snapshot.id, {}), tags, is_others=True
            )
            self.make("machine", machine_facts(image.id, "t3.micro", ""), tags, is_others=True)
        self.make("key", {"KeyName": "alice", "KeyFingerprint": "00:11"}, {}, is_others=True)

    # What it is told to do.

    def find(self, name: str, kind: str, operation: str) -> Resource:
        """What a call that changes something is about."""
        found = self.there.get(name)
        if found is None or found.kind != kind or not found.known_by_id(self.clock.now):
            raise refused(UNKNOWN[kind], operation, f"{name} does not exist")
        if found.ended_at is not None and kind != "machine":
            raise refused(UNKNOWN[kind], operation, f"{name} does not exist")
        if found.is_others and operation not in ("RunInstances", "RegisterImage"):
            self.wrong.append(f"{operation} of {name}, which is others'")
        return found

    def once(self, token: str, request: Any, mismatch: str, make: Callable[[], Iterable[Resource]]) -> Any:
        """What was made under a token: now, or earlier by the same request."""
        if token and token in self.tokens:
            earlier, made = self.tokens[token]
            if earlier != request:
                raise refused(mismatch, "the token was used", token)
            return [self.there[name] for name in made]
        found = list(make())
        if token:
            self.tokens[token] = request, tuple(one.id for one in found)
        return found

    def launch(self, request: Mapping[str, Any], tags: Mapping[str, str]) -> list[Resource]:
        """RunInstances."""
        image = self.find(request["ImageId"], "image", "RunInstances")
        token = request.get("ClientToken", "")
        facts = machine_facts(image.id, request["InstanceType"], token)

        def make() -> list[Resource]:
            made = [self.make("machine", dict(facts), tags, token) for _ in range(request["MaxCount"])]
            self.count_machines()
            return made

        found: list[Resource] = self.once(token, dict(request), "IdempotentParameterMismatch", make)
        if found and all(one.ended_at is not None for one in found):
            raise refused("IdempotentInstanceTerminated", "RunInstances")
        return found

    def count_machines(self) -> None:
        """Note where a group has more machines than it may ever have."""
        for group, size in self.sizes().items():
            if self.bounds is not None and size > self.bounds.get(group, 0):
                self.wrong.append(
                    f"{group} has {size} machines, and at most {self.bounds.get(group, 0)} were right"
                )

    def terminate(self, names: Iterable[str]) -> None:
        """TerminateInstances, of all or none."""
        found = [self.find(name, "machine", "TerminateInstances") for name in names]
        for one in found:
            one.ended_at = one.ended_at or self.clock.now

    def register(self, request: Mapping[str, Any], tags: Mapping[str, str]) -> Resource:
        """RegisterImage."""
        mapping = request["BlockDeviceMappings"][0]["Ebs"]
        snapshot = self.find(mapping["SnapshotId"], "snapshot", "RegisterImage")
        if any(one.facts["Name"] == request["Name"] for one in self.live("image")):
            raise refused("InvalidAMIName.Duplicate", "RegisterImage", request["Name"])
        if self.state_of(snapshot) != "completed":
            raise refused("InvalidSnapshot.InvalidState", "RegisterImage", snapshot.id)
        return self.make("image", image_facts(request["Name"], snapshot.id, request), tags, request["Name"])

    def deregister(self, name: str) -> None:
        """DeregisterImage."""
        self.find(name, "image", "DeregisterImage").ended_at = self.clock.now
        del self.there[name]

    def delete_snapshot(self, name: str) -> None:
        """DeleteSnapshot."""
        found = self.find(name, "snapshot", "DeleteSnapshot")
        users = [one.id for one in self.live("image") if one.facts["Snapshot"] == found.id]
        if users:
            raise refused("InvalidSnapshot.InUse", "DeleteSnapshot", f"used by {users}")
        del self.there[name]

    def start_snapshot(self, request: Mapping[str, Any], tags: Mapping[str, str]) -> Resource:
        """StartSnapshot."""
        parent = request.get("ParentSnapshotId")
        blocks = self.find(parent, "snapshot", "StartSnapshot").facts["Blocks"] if parent else {}

        def make() -> list[Resource]:
            facts = snapshot_facts(request["VolumeSize"], state="pending")
            return [self.make("snapshot", {**facts, "Blocks": dict(blocks)}, tags, request["ClientToken"])]

        found: list[Resource] = self.once(request["ClientToken"], dict(request), "ConflictException", make)
        if found[0].id not in self.there:
            raise refused("ResourceNotFoundException", "StartSnapshot", found[0].id)
        return found[0]

    def put_block(self, name: str, index: int, data: bytes) -> None:
        """PutSnapshotBlock."""
        found = self.find(name, "snapshot", "PutSnapshotBlock")
        if "SealedAt" in found.facts:
            raise refused("ValidationException", "PutSnapshotBlock", "it is not pending")
        found.facts["Blocks"][index] = found.facts["Put"][index] = hashlib.sha256(data).digest()

    def complete(self, name: str, count: int, checksum: bytes | None) -> None:
        """CompleteSnapshot."""
        found = self.find(name, "snapshot", "CompleteSnapshot")
        if "SealedAt" in found.facts:
            raise refused("ValidationException", "CompleteSnapshot", "it is not pending")
        put = found.facts["Put"]
        linear = hashlib.sha256(b"".join(put[index] for index in sorted(put))).digest()
        if len(put) != count or (checksum is not None and checksum != linear):
            raise refused("ValidationException", "CompleteSnapshot", "other blocks were put")
        found.facts["SealedAt"] = self.clock.now

    def tag(self, names: Iterable[str], change: Callable[[dict[str, str]], dict[str, str]]) -> None:
        """CreateTags and DeleteTags, of all or none."""
        found = [self.find(name, kind_of(name), "CreateTags") for name in names]
        for one in found:
            one.retag(change(dict(one.tags)), self.clock.now)

    def make_key(self, name: str, fingerprint: str, tags: Mapping[str, str]) -> Resource:
        """CreateKeyPair and ImportKeyPair."""
        if any(one.facts["KeyName"] == name for one in self.live("key")):
            raise refused("InvalidKeyPair.Duplicate", "ImportKeyPair", name)
        facts = {"KeyName": name, "KeyFingerprint": fingerprint}
        return self.make("key", facts, tags)

    def delete_key(self, name: str) -> None:
        """DeleteKeyPair; of one that is not there, too."""
        for one in self.live("key"):
            if one.facts["KeyName"] == name:
                if one.is_others:
                    self.wrong.append(f"DeleteKeyPair of {name}, which is others'")
                del self.there[one.id]

    @contextmanager
    def kept_lease(self) -> Iterator[None]:
        """Renew the leases there are while the block runs and the run is alive, as its keeper does: that one
        goes by the time of this machine."""

        def renew() -> None:
            for one in self.live("key"):
                if LEASE_RENEWED in one.tags:
                    one.retag({**one.tags, LEASE_RENEWED: f"{self.clock.now:.0f}"}, self.clock.now)

        self.clock.ticks.append(renew)
        try:
            yield
        finally:
            self.clock.ticks.remove(renew)

    # What it shows.

    def state_of(self, one: Resource) -> str:
        """The state that answers tell."""
        now, ended = self.clock.now, one.ended_at
        if one.kind == "machine":
            if ended is not None:
                return "shutting-down" if now < ended + END_SECONDS else "terminated"
            return "pending" if now < one.made_at + BOOT_SECONDS else "running"
        if one.kind == "snapshot":
            sealed_at = one.facts.get("SealedAt")
            return (
                "completed" if sealed_at is not None and now >= sealed_at + COMPLETION_SECONDS else "pending"
            )
        return "available"

    def describe(self, one: Resource) -> dict[str, Any]:
        """A resource as an answer has it."""
        now, state = self.clock.now, self.state_of(one)
        at = datetime.fromtimestamp(int(one.made_at), UTC)
        tags = one.shown_tags(now)
        match one.kind:
            case "machine":
                shown = {**one.facts, "InstanceId": one.id, "State": {"Name": state}, "LaunchTime": at}
                if one.ended_at is not None:
                    shown["StateReason"] = {"Code": "Client.UserInitiatedShutdown"}
            case "image":
                mapping = {
                    "DeviceName": "/dev/xvda",
                    "Ebs": {"SnapshotId": one.facts["Snapshot"], "VolumeSize": 1},
                }
                shown = {**one.facts, "ImageId": one.id, "State": state, "RootDeviceName": "/dev/xvda",
                         "BlockDeviceMappings": [mapping], "CreationDate": at.isoformat()}  # fmt: skip
            case "snapshot":
                shown = {
                    "SnapshotId": one.id,
                    "State": state,
                    "VolumeSize": one.facts["Gib"],
                    "StartTime": at,
                }
            case _:
                shown = {**one.facts, "KeyPairId": one.id}
        return {**shown, "Tags": tags}


def kind_of(name: str) -> str:
    """The kind that an id is of."""
    return next(kind for kind, prefix in PREFIXES.items() if name.startswith(prefix + "-"))


def machine_facts(image: str, type_: str, token: str) -> dict[str, Any]:
    """What a machine's description has from its making."""
    return {"ImageId": image, "InstanceType": type_, "ClientToken": token,
            "Placement": {"AvailabilityZone": "x-1a"}}  # fmt: skip


def image_facts(name: str, snapshot: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """The same of an image."""
    return {"Name": name, "Snapshot": snapshot, "Architecture": request.get("Architecture", "x86_64")}


def snapshot_facts(gib: int, *, state: str) -> dict[str, Any]:
    """The same of a snapshot."""
    return {"Gib": gib, "Blocks": {}, "Put": {}, **({"SealedAt": 0.0} if state == "completed" else {})}
