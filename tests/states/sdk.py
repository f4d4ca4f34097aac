"""The model cloud behind the SDK's face: the clients of `extenci.cloud` talk to it as to botocore's.

Each object here belongs to one run of one home, which has faults of its own.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from hashlib import md5
from threading import Event
from typing import TYPE_CHECKING, Any

from extenci.cloud.abilities import AbilityBook
from extenci.cloud.aws.answers.limits import Limits
from extenci.cloud.aws.answers.retries import ATTEMPTS
from extenci.cloud.aws.answers.waiting import Waiting
from extenci.cloud.aws.ebs_changes import EbsChanges
from extenci.cloud.aws.session import ServiceSession
from extenci.cloud.clients import Clients, Unjournalled
from extenci.model.service import Service
from tests.states.clock import Clock
from tests.states.cloud import Cloud
from tests.states.faults import FaultKind, Faults, no_answer, no_connection, refused, unreadable
from tests.states.resources import Resource

if TYPE_CHECKING:
    from extenci.cloud.blocks.block import Block

CALL_SECONDS = 0.1
BY_ID = ("instance-id", "snapshot-id")

Call = Mapping[str, Any]


class Sdk:
    """EC2's and EBS direct's clients of the SDK for one run."""

    def __init__(self, cloud: Cloud, faults: Faults, stop: Event) -> None:
        self._cloud, self._faults, self._stop = cloud, faults, stop

    def close(self) -> None:
        """There are no connections."""

    def get_paginator(self, method: str) -> Paginator:
        """Lists come in one page."""
        return Paginator(getattr(self, method))

    # Reading.

    def describe_instances(self, **call: Any) -> Call:
        """DescribeInstances."""
        found = self._listed("machine", "DescribeInstances", call)
        date = formatdate(self._cloud.clock.now, usegmt=True)
        return {"Reservations": [{"Instances": found}], "ResponseMetadata": {"HTTPHeaders": {"date": date}}}

    def describe_images(self, **call: Any) -> Call:
        """DescribeImages."""
        return {"Images": self._listed("image", "DescribeImages", call)}

    def describe_snapshots(self, **call: Any) -> Call:
        """DescribeSnapshots."""
        return {"Snapshots": self._listed("snapshot", "DescribeSnapshots", call)}

    def describe_key_pairs(self, **call: Any) -> Call:
        """DescribeKeyPairs."""
        return {"KeyPairs": self._listed("key", "DescribeKeyPairs", call)}

    def describe_tags(self, **_call: Any) -> Call:
        """DescribeTags, as it is asked to find out whether there are tags."""
        self._read("DescribeTags")
        return {"Tags": []}

    def list_snapshot_blocks(self, **_call: Any) -> Call:
        """ListSnapshotBlocks, as it is asked to find out whether there is EBS direct."""
        self._read("ListSnapshotBlocks")
        raise refused("ResourceNotFoundException", "ListSnapshotBlocks")

    def _read(self, operation: str) -> None:
        if self._faults.is_dead:
            raise no_connection()
        if self._faults.fails_to_read(operation):
            raise unreadable()

    def _listed(self, kind: str, operation: str, call: Call) -> list[dict[str, Any]]:
        self._read(operation)
        now = self._cloud.clock.now
        names = {one["Name"]: one["Values"] for one in call.get("Filters", ())}
        by_id = bool(call.get("ImageIds")) or any(name in BY_ID for name in names)
        candidates = [one for one in self._cloud.of(kind) if is_visible(one, now, by_id=by_id)]
        shown = [self._cloud.describe(one) for one in candidates]
        return [one for one in shown if matches(one, names, call.get("ImageIds"))]

    # Changing.

    def run_instances(self, **call: Any) -> Call:
        """RunInstances."""
        request, tags = without_tags(call)
        made = self._change("RunInstances", lambda: self._cloud.launch(request, tags))
        return {"Instances": [{"InstanceId": one.id} for one in made]}

    def terminate_instances(self, **call: Any) -> Call:
        """TerminateInstances."""
        self._change("TerminateInstances", lambda: self._cloud.terminate(call["InstanceIds"]))
        return {}

    def register_image(self, **call: Any) -> Call:
        """RegisterImage."""
        request, tags = without_tags(call)
        return {"ImageId": self._change("RegisterImage", lambda: self._cloud.register(request, tags)).id}

    def deregister_image(self, **call: Any) -> Call:
        """DeregisterImage."""
        self._change("DeregisterImage", lambda: self._cloud.deregister(call["ImageId"]))
        return {}

    def delete_snapshot(self, **call: Any) -> Call:
        """DeleteSnapshot."""
        self._change("DeleteSnapshot", lambda: self._cloud.delete_snapshot(call["SnapshotId"]))
        return {}

    def create_tags(self, **call: Any) -> Call:
        """CreateTags."""
        tags = {one["Key"]: one["Value"] for one in call["Tags"]}
        self._change("CreateTags", lambda: self._cloud.tag(call["Resources"], lambda old: {**old, **tags}))
        return {}

    def delete_tags(self, **call: Any) -> Call:
        """DeleteTags."""
        keys = {one["Key"] for one in call["Tags"]}

        def strip(old: dict[str, str]) -> dict[str, str]:
            return {key: value for key, value in old.items() if key not in keys}

        self._change("DeleteTags", lambda: self._cloud.tag(call["Resources"], strip))
        return {}

    def import_key_pair(self, **call: Any) -> Call:
        """ImportKeyPair, of a lease. It is no changing call of the plan, so it has no faults of its own."""
        _, tags = without_tags(call)
        fingerprint = md5(
            base64.b64decode(call["PublicKeyMaterial"].split()[1]), usedforsecurity=False
        ).hexdigest()
        if self._faults.is_dead:
            raise no_connection()
        return self._cloud.describe(self._cloud.make_key(call["KeyName"], fingerprint, tags))

    def delete_key_pair(self, **call: Any) -> Call:
        """DeleteKeyPair."""
        if self._faults.is_dead:
            raise no_connection()
        self._cloud.delete_key(call["KeyName"])
        return {}

    # EBS direct.

    def start_snapshot(self, **call: Any) -> Call:
        """StartSnapshot."""
        request = {key: value for key, value in call.items() if key != "Tags"}
        tags = {one["Key"]: one["Value"] for one in call.get("Tags", ())}
        made = self._change("StartSnapshot", lambda: self._cloud.start_snapshot(request, tags))
        return {"SnapshotId": made.id}

    def put_snapshot_block(self, **call: Any) -> Call:
        """PutSnapshotBlock."""
        name, index, data = call["SnapshotId"], call["BlockIndex"], call["BlockData"]
        self._change("PutSnapshotBlock", lambda: self._cloud.put_block(name, index, data))
        return {"Checksum": call["Checksum"]}

    def complete_snapshot(self, **call: Any) -> Call:
        """CompleteSnapshot."""
        checksum = base64.b64decode(call["Checksum"]) if "Checksum" in call else None
        name, count = call["SnapshotId"], call["ChangedBlocksCount"]
        self._change("CompleteSnapshot", lambda: self._cloud.complete(name, count, checksum))
        return {"Status": "completed"}

    def _change(self, operation: str, act: Callable[[], Any]) -> Any:
        if self._faults.is_dead:
            raise no_connection()
        self._cloud.clock.sleep(CALL_SECONDS)
        fault = self._faults.before_call()
        match fault:
            case FaultKind.KILL_BEFORE:
                raise self._faults.kill()
            case FaultKind.FAILED:
                raise refused("InternalError", operation)
            case FaultKind.THROTTLED:
                raise refused("RequestLimitExceeded", operation)
            case FaultKind.STOP:
                self._stop.set()
        made = act()
        self._faults.after_call()
        self._fail_after(fault, operation)
        return made

    def _fail_after(self, fault: FaultKind | None, operation: str) -> None:
        match fault:
            case FaultKind.KILL_AFTER:
                raise self._faults.kill()
            case FaultKind.LOST:
                raise no_answer()
            case FaultKind.CUT:
                raise unreadable()
            case FaultKind.CRASHED:
                raise refused("InternalError", operation)


class Paginator:
    """The one page of a list."""

    def __init__(self, read: Callable[..., Call]) -> None:
        self._read = read

    def paginate(self, **call: Any) -> Iterator[Call]:
        """The page."""
        yield self._read(**{name: value for name, value in call.items() if name != "PaginationConfig"})


class ModelSession(ServiceSession):
    """A session whose clients are the model's."""

    def __init__(
        self, service: Service, sdk: Sdk, abilities: AbilityBook, limits: Limits, waiting: Waiting
    ) -> None:
        super().__init__(service, abilities, limits, waiting)
        self._sdk = sdk

    def client(self, api: str, *, attempts: int = ATTEMPTS) -> Any:  # noqa: ARG002 - the model makes one attempt
        """The model."""
        return self._sdk


class ModelEbs(EbsChanges):
    """Sends blocks one by one through the SDK, rather than by libcurl."""

    @contextmanager
    def uploading(  # type: ignore[override]
        self,
        snapshot: str,
        reread: Callable[[int, bytes], bytes],  # noqa: ARG002
        *,
        stop: Event | None = None,
        on_stored: Callable[[int], None] = lambda _index: None,
    ) -> Iterator[ModelUpload]:
        """See `EbsChanges.uploading`."""
        yield ModelUpload(self, snapshot, stop, on_stored)


class ModelUpload:
    """See `BlockUpload`."""

    def __init__(
        self, ebs: EbsChanges, snapshot: str, stop: Event | None, on_stored: Callable[[int], None]
    ) -> None:
        self._ebs, self._snapshot, self._stop, self._on_stored = ebs, snapshot, stop, on_stored

    def send(self, block: Block) -> None:
        """Send a block."""
        self._ebs.put_block(self._snapshot, block.index, block.data, block.sha256, stop=self._stop)
        self._on_stored(block.index)

    def finish(self) -> None:
        """All are sent."""


class ModelClients(Clients):
    """The clients of the model cloud for one run."""

    def __init__(self, service: Service, sdk: Sdk, clock: Clock, abilities: AbilityBook) -> None:
        self.sdk = sdk
        super().__init__(service, abilities=abilities, clock=clock, sleep=clock.sleep)
        bare = self.unjournalled
        ebs = ModelEbs(self._session, clock=clock, sleep=clock.sleep)
        self.unjournalled = Unjournalled(bare.ec2, ebs, bare.s3, bare.condor)

    def _open_session(self, limits: Limits, waiting: Waiting) -> ServiceSession:
        return ModelSession(self.service, self.sdk, self.abilities, limits, waiting)


def is_visible(one: Resource, now: float, *, by_id: bool) -> bool:
    """Whether a list has a resource, or a question by its id finds it."""
    return one.is_listed(now) and (now >= one.made_at + (one.lag.by_id if by_id else one.lag.in_lists))


def matches(one: Mapping[str, Any], filters: Mapping[str, list[str]], ids: list[str] | None) -> bool:
    """Whether a description passes filters."""
    tags = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
    fields = {
        "instance-id": one.get("InstanceId"),
        "snapshot-id": one.get("SnapshotId"),
        "image-id": one.get("ImageId"),
        "client-token": one.get("ClientToken"),
        "name": one.get("Name"),
    }
    if ids and one.get("ImageId") not in ids:
        return False
    return all(
        (tags.get(name.removeprefix("tag:")) if name.startswith("tag:") else fields[name]) in values
        for name, values in filters.items()
    )


def without_tags(call: Call) -> tuple[dict[str, Any], dict[str, str]]:
    """A request, and the tags in it."""
    specifications = call.get("TagSpecifications", ())
    tags = {tag["Key"]: tag["Value"] for one in specifications for tag in one["Tags"]}
    return {key: value for key, value in call.items() if key != "TagSpecifications"}, tags
