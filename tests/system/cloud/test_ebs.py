from __future__ import annotations

import hashlib
import os
import time
from uuid import uuid4

import pytest

from extenci.cloud.blocks.retries import BIRTH_SECONDS
from extenci.cloud.clients import Clients
from extenci.model.errors import NotFound, ServiceError
from extenci.model.observed import SnapshotState
from extenci.model.service import Service
from extenci.model.version import BLOCK_BYTES


def until_completed(clients: Clients, snapshot: str) -> None:
    deadline = time.monotonic() + 10
    while clients.ec2.snapshots_by_id([snapshot])[0].state is not SnapshotState.COMPLETED:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_is_put_is_what_is_read(clients: Clients) -> None:
    blocks = {0: os.urandom(BLOCK_BYTES), 2047: os.urandom(BLOCK_BYTES)}
    digests = {index: hashlib.sha256(data).digest() for index, data in blocks.items()}
    snapshot = clients.unjournalled.ebs.start_snapshot(1, uuid4().hex, {"a": "b"}, description="a disk")
    for index, data in blocks.items():
        clients.unjournalled.ebs.put_block(snapshot, index, data, digests[index])
    clients.unjournalled.ebs.complete(snapshot, 2, hashlib.sha256(digests[0] + digests[2047]).digest())
    until_completed(clients, snapshot)
    tokens = clients.ebs.list_blocks(snapshot)
    assert {index: clients.ebs.get_block(snapshot, index, token) for index, token in tokens.items()} == blocks
    assert clients.ec2.snapshots_by_id([snapshot])[0].tags == {"a": "b"}


def test_the_same_token_is_the_same_snapshot(clients: Clients) -> None:
    token = uuid4().hex
    first = clients.unjournalled.ebs.start_snapshot(1, token, {})
    assert clients.unjournalled.ebs.start_snapshot(1, token, {}) == first
    with pytest.raises(ServiceError) as caught:
        clients.unjournalled.ebs.start_snapshot(2, token, {})
    assert caught.value.code == "ConflictException"


def test_a_block_with_another_checksum_is_refused(clients: Clients) -> None:
    snapshot = clients.unjournalled.ebs.start_snapshot(1, uuid4().hex, {})
    with pytest.raises(ServiceError, match="refused PutSnapshotBlock"):
        clients.unjournalled.ebs.put_block(snapshot, 0, bytes(BLOCK_BYTES), hashlib.sha256(b"other").digest())


def test_a_wrong_count_or_checksum_is_not_sealed(clients: Clients) -> None:
    data = os.urandom(BLOCK_BYTES)
    sha256 = hashlib.sha256(data).digest()
    snapshot = clients.unjournalled.ebs.start_snapshot(1, uuid4().hex, {})
    clients.unjournalled.ebs.put_block(snapshot, 0, data, sha256)
    with pytest.raises(ServiceError):
        clients.unjournalled.ebs.complete(snapshot, 2, hashlib.sha256(sha256).digest())
    with pytest.raises(ServiceError):
        clients.unjournalled.ebs.complete(snapshot, 1, sha256)
    clients.unjournalled.ebs.complete(snapshot, 1, hashlib.sha256(sha256).digest())


def test_a_disk_of_zeros_is_sealed_without_blocks(clients: Clients) -> None:
    snapshot = clients.unjournalled.ebs.start_snapshot(1, uuid4().hex, {})
    clients.unjournalled.ebs.complete(snapshot, 0, hashlib.sha256().digest())
    until_completed(clients, snapshot)
    assert clients.ebs.list_blocks(snapshot) == {}


def test_a_snapshot_that_does_not_exist_is_waited_for_two_minutes_and_no_longer(service: Service) -> None:
    now = [1000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    clients = Clients(service, clock=lambda: now[0], sleep=sleep)
    data = os.urandom(BLOCK_BYTES)
    with pytest.raises(NotFound):
        clients.unjournalled.ebs.put_block("snap-00000000000000000", 0, data, hashlib.sha256(data).digest())
    clients.close()
    assert BIRTH_SECONDS < now[0] - 1000 < BIRTH_SECONDS + 10
