"""EBS direct, our own: moto keeps blocks in memory, checks nothing and completes whatever it is told to.

AWS: botocore's model ebs/2019-11-02 for the wire; EBS User Guide, "Use EBS direct APIs"; EBS direct API
reference for what is refused and how.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from moto.ec2.exceptions import EC2ClientError

from extenci.sandbox.ebs.block_lists import block_token, changed_blocks, snapshot_blocks
from extenci.sandbox.ebs.checks import (
    block_index,
    check_completion,
    checked_block,
    checksum_headers,
    read_json,
    whole_number,
)
from extenci.sandbox.ebs.errors import EbsError, conflict, invalid, no_such_snapshot
from extenci.sandbox.http.access import KeyAccess, access_key
from extenci.sandbox.http.listener import HttpRequest, HttpResponse
from extenci.sandbox.http.query import read_query
from extenci.sandbox.http.service import Call
from extenci.sandbox.state.cloud import ACCOUNT, Cloud
from extenci.sandbox.state.disks import BLOCK_BYTES
from extenci.sandbox.state.snapshots import DiskSnapshot, NotPending, add_snapshot
from extenci.sandbox.state.tags import checked_tags
from extenci.sandbox.state.tokens import TOKEN_CHARACTERS, TokenReused, Tokens

_ROUTES = (
    ("POST", r"/snapshots/?", "StartSnapshot"),
    ("POST", r"/snapshots/completion/(?P<snapshot>[^/]+)", "CompleteSnapshot"),
    ("PUT", r"/snapshots/(?P<snapshot>[^/]+)/blocks/(?P<index>[^/]+)", "PutSnapshotBlock"),
    ("GET", r"/snapshots/(?P<snapshot>[^/]+)/blocks/(?P<index>[^/]+)", "GetSnapshotBlock"),
    ("GET", r"/snapshots/(?P<snapshot>[^/]+)/blocks/?", "ListSnapshotBlocks"),
    ("GET", r"/snapshots/(?P<snapshot>[^/]+)/changedblocks/?", "ListChangedBlocks"),
)
_COMPILED = tuple((method, re.compile(pattern), action) for method, pattern, action in _ROUTES)
_CHANGING = {"StartSnapshot", "PutSnapshotBlock", "CompleteSnapshot", ""}
_GIB_RANGE = range(1, 65537)
_MINUTES_RANGE = range(10, 4321)


class EbsService:
    """The listener for EBS direct."""

    name = "ebs"

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._tokens: Tokens[DiskSnapshot] = Tokens()

    def read(self, request: HttpRequest) -> Call:
        parameters = read_query(request.query)
        action = ""
        for method, pattern, name in _COMPILED:
            if request.method == method and (found := pattern.fullmatch(request.path)):
                action, parameters = name, parameters | found.groupdict()
                break
        key = access_key(request.headers, parameters)
        return Call(action, action in _CHANGING, key, parameters)

    def answer(self, request: HttpRequest, call: Call) -> HttpResponse:
        act: Callable[[HttpRequest, Mapping[str, str]], HttpResponse]
        match call.action:
            case "StartSnapshot":
                act = self._start
            case "PutSnapshotBlock":
                act = self._put
            case "CompleteSnapshot":
                act = self._complete
            case "GetSnapshotBlock":
                act = self._get
            case "ListSnapshotBlocks":
                act = self._list
            case "ListChangedBlocks":
                act = self._list_changed
            case _:
                return EbsError(404, "UnknownOperationException", "No such operation.").answer()
        try:
            return act(request, call.parameters)
        except EbsError as error:
            return error.answer()
        except EC2ClientError as error:
            return invalid("INVALID_PARAMETER_VALUE", error.message).answer()

    def refuse(self, access: KeyAccess, call: Call) -> HttpResponse:
        """Refuse as the AWS gateway and EBS do ("Common errors" and AccessDeniedException)."""
        match access:
            case KeyAccess.ANONYMOUS:
                return EbsError(
                    403, "MissingAuthenticationTokenException", "Missing Authentication Token"
                ).answer()
            case KeyAccess.DENIED:
                return EbsError(
                    403,
                    "UnrecognizedClientException",
                    "The security token included in the request is invalid.",
                ).answer()
            case _:
                return EbsError(
                    403,
                    "AccessDeniedException",
                    f"User is not authorized to perform: ebs:{call.action}",
                    "UNAUTHORIZED_ACCOUNT",
                ).answer()

    def fail(self, message: str) -> HttpResponse:
        return EbsError(500, "InternalServerException", message).answer()

    def _start(self, request: HttpRequest, _: Mapping[str, str]) -> HttpResponse:
        asked = read_json(request.body)
        token = asked.pop("ClientToken", None)
        if token is not None and not 0 < len(str(token)) <= TOKEN_CHARACTERS:
            raise invalid("INVALID_PARAMETER_VALUE", f"ClientToken has 1 to {TOKEN_CHARACTERS} characters.")
        with ExitStack() as later, self._cloud.lock:
            try:
                snapshot = self._tokens.made(token, asked)
            except TokenReused:
                raise conflict(
                    "The request uses the same client token as a previous, but non-identical request."
                ) from None
            if snapshot is None:
                snapshot = self._made(asked, later)
                self._tokens.remember(token, asked, snapshot)
        return _started(snapshot, asked)

    def _made(self, asked: dict[str, Any], later: ExitStack) -> DiskSnapshot:
        """A new snapshot. Work to be done without the lock goes to `later`."""
        gib = whole_number(asked, "VolumeSize", _GIB_RANGE, "INVALID_VOLUME_SIZE")
        minutes = whole_number({"Timeout": 60} | asked, "Timeout", _MINUTES_RANGE, "INVALID_PARAMETER_VALUE")
        try:
            tags = checked_tags(asked.get("Tags") or [])
        except EC2ClientError as error:
            raise invalid("INVALID_TAG", error.message) from None
        parent = self._parent(asked, gib)
        snapshot = DiskSnapshot(
            self._cloud,
            gib,
            str(asked.get("Description", "")),
            encrypted=bool(asked.get("Encrypted")) or bool(parent and parent.encrypted),
            timeout_minutes=minutes,
        )
        if parent is not None:
            later.enter_context(snapshot.inheriting(parent))
        add_snapshot(self._cloud, snapshot, tags)
        return snapshot

    def _parent(self, asked: Mapping[str, Any], gib: int) -> DiskSnapshot | None:
        parent_id = asked.get("ParentSnapshotId")
        if not parent_id:
            return None
        if asked.get("Encrypted") or asked.get("KmsKeyArn"):
            raise invalid(
                "INVALID_PARAMETER_VALUE", "Encrypted and KmsKeyArn cannot go with ParentSnapshotId."
            )
        parent = self._found(parent_id)
        if parent.status != "completed":
            raise invalid("INVALID_SNAPSHOT_ID", f"The parent {parent_id} is {parent.status}.")
        if gib < parent.disk.gib:
            raise invalid("INVALID_VOLUME_SIZE", "VolumeSize is smaller than the parent's.")
        return parent

    def _put(self, request: HttpRequest, place: Mapping[str, str]) -> HttpResponse:
        snapshot = self._found(place["snapshot"])
        index = block_index(place["index"], snapshot)
        digest = checked_block(request)
        try:
            snapshot.put(index, request.body, digest)
        except NotPending:
            raise _not_pending(snapshot) from None
        return HttpResponse(201, checksum_headers(digest) | {"Content-Type": "application/json"}, b"{}")

    def _complete(self, request: HttpRequest, place: Mapping[str, str]) -> HttpResponse:
        snapshot = self._found(place["snapshot"])
        try:
            snapshot.seal()
        except NotPending:
            raise _not_pending(snapshot) from None
        try:
            check_completion(request.headers, snapshot)
        except EbsError:
            snapshot.unseal()
            raise
        snapshot.complete(self._cloud.timing.complete_snapshot)
        return _reply(202, {"Status": "pending"})

    def _get(self, _: HttpRequest, place: Mapping[str, str]) -> HttpResponse:
        snapshot = self._completed(place["snapshot"])
        index = block_index(place["index"], snapshot)
        if place.get("blockToken") != block_token(snapshot, index):
            raise invalid("INVALID_BLOCK_TOKEN", "The block token is not valid for this block.")
        if index not in snapshot.blocks:
            raise invalid("INVALID_BLOCK", f"The snapshot has no block {index}.")
        data = snapshot.disk.read(index)
        headers = checksum_headers(hashlib.sha256(data).digest()) | {
            "x-amz-Data-Length": str(BLOCK_BYTES),
            "Content-Type": "application/octet-stream",
        }
        return HttpResponse(200, headers, data)

    def _list(self, _: HttpRequest, place: Mapping[str, str]) -> HttpResponse:
        snapshot = self._completed(place["snapshot"])
        return _reply(200, snapshot_blocks(snapshot, place, self._cloud.clock()))

    def _list_changed(self, _: HttpRequest, place: Mapping[str, str]) -> HttpResponse:
        second = self._completed(place["snapshot"])
        first = self._completed(place["firstSnapshotId"]) if "firstSnapshotId" in place else None
        return _reply(200, changed_blocks(first, second, place, self._cloud.clock()))

    def _found(self, snapshot_id: object) -> DiskSnapshot:
        found = self._cloud.backend.snapshots.get(str(snapshot_id))
        if not isinstance(found, DiskSnapshot):
            raise no_such_snapshot(str(snapshot_id))
        return found

    def _completed(self, snapshot_id: str) -> DiskSnapshot:
        snapshot = self._found(snapshot_id)
        if snapshot.status != "completed":
            raise invalid("INVALID_SNAPSHOT_ID", f"The snapshot {snapshot_id} is {snapshot.status}.")
        return snapshot


def _started(snapshot: DiskSnapshot, asked: Mapping[str, Any]) -> HttpResponse:
    shown: dict[str, Any] = {
        "SnapshotId": snapshot.id,
        "OwnerId": ACCOUNT,
        "Status": snapshot.status,
        "StartTime": snapshot.started,
        "VolumeSize": snapshot.disk.gib,
        "BlockSize": BLOCK_BYTES,
        "SseType": "sse-ebs" if snapshot.encrypted else "none",
    }
    named = ("Description", "Tags", "ParentSnapshotId", "KmsKeyArn")
    return _reply(201, shown | {name: asked[name] for name in named if name in asked})


def _not_pending(snapshot: DiskSnapshot) -> EbsError:
    if snapshot.status == "error":
        return invalid("WRITE_REQUEST_TIMEOUT", f"The snapshot {snapshot.id} was not completed in time.")
    return invalid("INVALID_SNAPSHOT_ID", f"The snapshot {snapshot.id} is not pending.")


def _reply(status: int, content: Mapping[str, Any]) -> HttpResponse:
    return HttpResponse(status, {"Content-Type": "application/json"}, json.dumps(content).encode())
