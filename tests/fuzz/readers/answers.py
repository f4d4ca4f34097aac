"""Answers of EC2, S3 and EBS direct, through the whole client: from the socket to the values of the model.

An input is the name of a call in its first line, and the answer: with its head if it begins with `HTTP/`,
else the body of an answer that says OK. `?` before the name: nothing is known of the service's abilities.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from extenci.cloud.aws import ec2_changes
from extenci.cloud.aws.answers.limits import LIMITS
from extenci.cloud.aws.requests.parameters import LaunchRequest, RegisterRequest
from extenci.cloud.blocks.answers import BlockAnswers
from extenci.cloud.blocks.transfer import FinishedTransfer
from extenci.cloud.clients import Clients
from extenci.cloud.leases.bucket import BucketStore
from extenci.cloud.leases.key_pair import KeyPairStore
from extenci.model.abilities import Abilities, Ability
from extenci.model.launch import LaunchSettings, RootVolume
from extenci.model.lease import LeaseTerms
from extenci.model.service import KeyFiles, Service
from extenci.model.version import Architecture, Method, Registration
from tests.fuzz.mutation import SECRET_KEY
from tests.fuzz.reader import Read, Reader
from tests.fuzz.server import HEAD_TOKENS, AnswerServer

Call = Callable[[Clients], Any]
TERMS = LeaseTerms("home", "apply", "somebody")
LAUNCH = LaunchRequest(
    "ami-1", LaunchSettings("t3.micro", root_volume=RootVolume(8, None, None)), 2, "token", {"a": "b"}
)
REGISTER = RegisterRequest(
    "one", "snap-1", Registration(Architecture.X86_64, None, Method.EBS, 1), {"extenci:stack": "one"}
)

EC2: Mapping[str, Call] = {
    "DescribeImages": lambda clients: clients.ec2.images(),
    "DescribeImages-name": lambda clients: clients.ec2.images_by_name("one"),
    "DescribeImages-root": lambda clients: clients.ec2.root_device("ami-1"),
    "DescribeSnapshots": lambda clients: clients.ec2.snapshots("one", ["snap-1"]),
    "DescribeInstances": lambda clients: clients.ec2.machines("one", ["i-1"], ["token"]),
    "DescribeInstances-image": lambda clients: clients.ec2.machines_of_image("ami-1"),
    "DescribeInstances-time": lambda clients: clients.ec2.server_time(),
    "DescribeKeyPairs": lambda clients: clients.ec2.key_pairs("extenci-"),
    "GetConsoleOutput": lambda clients: clients.ec2.console_output("i-1"),
    "DescribeImportSnapshotTasks": lambda clients: clients.imports.tasks(["import-snap-1"]),
    "Probes": lambda clients: clients.probes.find_out(Ability),
    "RegisterImage": lambda clients: clients.unjournalled.ec2.register_image(REGISTER),
    "DeregisterImage": lambda clients: clients.unjournalled.ec2.deregister_image("ami-1"),
    "DeleteSnapshot": lambda clients: clients.unjournalled.ec2.delete_snapshot("snap-1"),
    "RunInstances": lambda clients: clients.unjournalled.ec2.run_instances(LAUNCH),
    "TerminateInstances": lambda clients: clients.unjournalled.ec2.terminate(["i-1"]),
    "CreateTags": lambda clients: clients.unjournalled.ec2.create_tags(["i-1"], {"a": "b"}),
    "DeleteTags": lambda clients: clients.unjournalled.ec2.delete_tags(["i-1"], ["a"]),
    "CreateKeyPair": lambda clients: clients.unjournalled.ec2.create_key_pair("extenci-1", {"a": "b"}),
    "ImportKeyPair": lambda clients: clients.unjournalled.ec2.import_key_pair("a", b"ssh-ed25519 AAAA", {}),
    "DeleteKeyPair": lambda clients: clients.unjournalled.ec2.delete_key_pair("extenci-1"),
    "ImportSnapshot": lambda clients: clients.unjournalled.ec2.import_snapshot("b", "k", "t", {"a": "b"}),
    "Lease": lambda clients: _key_pair_store(clients).read(),
}
S3: Mapping[str, Call] = {
    "ListObjects": lambda clients: list(clients.s3.list_objects("bucket", "extenci/")),
    "HeadObject": lambda clients: clients.s3.object_info("bucket", "key"),
    "GetObject": lambda clients: sum(map(len, clients.s3.get_object("bucket", "key", 7, etag="e"))),
    "ListParts": lambda clients: clients.s3.parts("bucket", "key", "u-1"),
    "ListMultipartUploads": lambda clients: clients.s3.multipart_uploads("bucket", "extenci/"),
    "Bucket": lambda clients: clients.s3.require_bucket(),
    "PutObject": lambda clients: clients.unjournalled.s3.put_object("bucket", "key", b"x", acl="private"),
    "PutNewObject": lambda clients: clients.unjournalled.s3.put_new_object("bucket", "key", b"x"),
    "ReplaceObject": lambda clients: clients.unjournalled.s3.replace_object("bucket", "key", b"x", "e"),
    "DeleteObject": lambda clients: clients.unjournalled.s3.delete_object("bucket", "key"),
    "CreateMultipartUpload": lambda clients: clients.unjournalled.s3.start_multipart("bucket", "key"),
    "UploadPart": lambda clients: clients.unjournalled.s3.put_part("bucket", "key", "u-1", 1, b"x"),
    "UploadPartCopy": lambda clients: clients.unjournalled.s3.copy_part(
        "bucket", "key", "u-1", 1, "other", md5=hashlib.md5(b"x", usedforsecurity=False).digest()
    ),
    "CompleteMultipartUpload": lambda clients: clients.unjournalled.s3.complete_multipart(
        "bucket", "key", "u-1", {1: "e"}
    ),
    "AbortMultipartUpload": lambda clients: clients.unjournalled.s3.abort_multipart("bucket", "key", "u-1"),
    "Lease": lambda clients: _bucket_store(clients).read(),
    "Lease-create": lambda clients: _bucket_store(clients).create(TERMS),
}
EBS: Mapping[str, Call] = {
    "ListSnapshotBlocks": lambda clients: clients.ebs.list_blocks("snap-1"),
    "GetSnapshotBlock": lambda clients: clients.ebs.get_block("snap-1", 0, "token"),
    "StartSnapshot": lambda clients: clients.unjournalled.ebs.start_snapshot(1, "token", {"a": "b"}),
    "PutSnapshotBlock": lambda clients: clients.unjournalled.ebs.put_block(
        "snap-1", 0, bytes(1 << 19), bytes(32)
    ),
    "CompleteSnapshot": lambda clients: clients.unjournalled.ebs.complete("snap-1", 1, bytes(32)),
    "Blocks": lambda _clients: None,
}
XML = (
    b"<requestId>1</requestId>", b"<item>", b"</item>", b"<nextToken>a</nextToken>",
    b"<instanceId>i-1</instanceId>",
    b"<instanceId/>", b"<launchTime>2026-99-01T00:00:00Z</launchTime>", b"<volumeSize>x</volumeSize>",
    b"<!DOCTYPE html>",
    b"<Response><Errors><Error><Code>", b"<Code>InvalidAMIID.NotFound</Code>", b"<Message>", b"&#x202e;",
    b"&#xFFFF;",
    b"<html><body>", b"<Size>-1</Size>", b"<IsTruncated>true</IsTruncated>", b"<Key>",
    b'<?xml version="1.1"?>',
    b"<tagSet><item><key>a</key></item></tagSet>", b"<RequestLimitExceeded/>", b"<Code>AuthFailure</Code>",
    b"<output>!!!</output>", b"xmlns=\"x\"", b"<a:b>", SECRET_KEY.encode(),
)  # fmt: skip
JSON = (
    b'{"',
    b'":',
    b"[",
    b"]",
    b"null",
    b'"NextToken":"a"',
    b'"Blocks":',
    b'"VolumeSize":',
    b"1e400",
    b"\\ud800",
)


def _bucket_store(clients: Clients) -> BucketStore:
    return BucketStore(clients.s3, clients.unjournalled.s3, clients.abilities, "bucket", "key")


def _key_pair_store(clients: Clients) -> KeyPairStore:
    return KeyPairStore(
        clients.ec2, clients.unjournalled.ec2, clients.abilities, ec2="http://127.0.0.1",
        name="extenci-lease-one",        folder=None, is_tagged=True,
    )  # fmt: skip


def _quick(bounds: Any) -> Any:
    return replace(bounds, head_seconds=0.5, seconds=1.0)


_BOUNDS = ("read", "change", "s3_change", "stream", "ebs", "console")
_LIMITS = replace(
    LIMITS, pages=20, list_seconds=3.0, read_call_seconds=0.0, change_call_seconds=0.0,
    **{name: _quick(getattr(LIMITS, name)) for name in _BOUNDS},
)  # fmt: skip
"""No call is made a second time, and nothing is waited for."""


@contextmanager
def _open(folder: Path, calls: Mapping[str, Call]) -> Iterator[Read]:
    ec2_changes.LOOKS = (0.0, 0.0, 0.0)
    (folder / "access").write_text("AKIAFUZZ")
    (folder / "secret").write_text(SECRET_KEY)
    with AnswerServer() as server:
        url = f"http://127.0.0.1:{server.port}"
        known = Service(
            "cloud", "us-east-1", url, url, url, KeyFiles(str(folder / "access"), str(folder / "secret")),
            bucket="bucket",
        )  # fmt: skip
        read = partial(_read, server, known, calls, _Kept())
        yield read


class _Kept:
    """Clients, made again after some uses: making the SDK's takes long."""

    def __init__(self) -> None:
        self._clients: dict[bool, Clients] = {}

    def of(self, service: Service, *, is_known: bool) -> Clients:
        if not is_known:
            service = replace(service, abilities=Abilities())
        if is_known not in self._clients:
            self._clients[is_known] = Clients(
                service, limits=_LIMITS, sleep=lambda _seconds: None, clock=_Clock()
            )
        found = self._clients[is_known]
        if not is_known:  # it has learned something
            found.abilities._learned = Abilities()
        return found


class _Clock:
    """Each look takes a minute, so that nothing is tried for long."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        self._now += 60
        return self._now


def _read(
    server: AnswerServer, service: Service, calls: Mapping[str, Call], kept: _Kept, data: bytes
) -> Iterable[str]:
    first, _, answer = data.partition(b"\n")
    name = first.decode("ascii", "replace").strip()
    call = calls.get(name.lstrip("?")) or list(calls.values())[zlib.crc32(first) % len(calls)]
    server.answer = answer if answer.startswith(b"HTTP/") else with_head(answer)
    clients = kept.of(service, is_known=not name.startswith("?"))
    if name == "Blocks":
        _read_block_answer(clients, answer)
        return ()
    call(clients)
    return ()


def with_head(body: bytes) -> bytes:
    """An answer with a body."""
    head = b"HTTP/1.1 200 OK\r\nDate: Sat, 28 Nov 2026 00:00:00 GMT\r\nContent-Length: %d\r\n" % len(body)
    return head + b'Last-Modified: Sat, 28 Nov 2026 00:00:00 GMT\r\nETag: "e"\r\n\r\n' + body


def _read_block_answer(clients: Clients, answer: bytes) -> None:
    """An answer to a PutSnapshotBlock that libcurl made: the first byte stands for its status."""
    client = clients._session.client("ebs")
    status = (200, 400, 403, 429, 500, 503, 302, 100)[(answer[:1] or b"\0")[0] % 8]
    head, _, body = answer[1:].partition(b"\r\n\r\n")
    lines = (line.partition(":") for line in head.decode("latin-1").split("\r\n"))
    headers = {name.lower(): value.strip() for name, _, value in lines}
    found = BlockAnswers(client, "cloud", "snap-1").read(
        FinishedTransfer(0, status, headers, body, 0.0), 0, "x"
    )
    str(found)


READERS = (
    Reader("ec2", partial(_open, calls=EC2), (*XML, *HEAD_TOKENS), (SECRET_KEY,)),
    Reader("s3", partial(_open, calls=S3), (*XML, *HEAD_TOKENS), (SECRET_KEY,)),
    Reader("ebs", partial(_open, calls=EBS), (*JSON, *HEAD_TOKENS), (SECRET_KEY,)),
)
