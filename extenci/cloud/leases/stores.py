"""The stores of leases that a service may have, in the order in which they are tried."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from extenci.cloud.clients import Clients
from extenci.cloud.leases.bucket import BucketStore
from extenci.cloud.leases.key_pair import KeyPairStore
from extenci.cloud.leases.store import LeaseStore
from extenci.model.lease import Lock
from extenci.model.service import Tagging

PREFIX = "extenci-lease-"
"""The names of the key pairs that are leases."""


def stores_of(
    clients: Clients, stack: str, folder: Path | None = None, clock: Callable[[], float] = time.time
) -> tuple[LeaseStore, ...]:
    """The stores for the lease of a stack on one service: the one that its file names, or those that may
    work; none with `lock: none`. Every home chooses alike. `folder` is where this home keeps what it needs to
    know its own leases again; `clock` gives seconds since the epoch."""
    return tuple(_store(clients, stack, lock, folder, clock) for lock in _locks(clients))


def _locks(clients: Clients) -> Iterator[Lock]:
    service = clients.service
    if service.lock is not None:
        yield from () if service.lock is Lock.NONE else (service.lock,)
        return
    if service.stage.needs_bucket and service.bucket is not None:
        yield Lock.S3
    yield Lock.TAG


def _store(
    clients: Clients, stack: str, lock: Lock, folder: Path | None, clock: Callable[[], float]
) -> LeaseStore:
    service, bare = clients.service, clients.unjournalled
    if lock is Lock.S3:
        key = f"extenci-leases/{service.region}/{stack}.json"
        return BucketStore(clients.s3, bare.s3, clients.abilities, clients.s3.bucket, key)
    return KeyPairStore(
        clients.ec2,
        bare.ec2,
        clients.abilities,
        ec2=service.ec2_url,
        name=PREFIX + stack,
        folder=folder,
        clock=clock,
        is_tagged=service.tags is not Tagging.NONE,
    )
