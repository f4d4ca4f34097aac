"""The digest of a snapshot's content, from its blocks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial
from threading import Event

from extenci.cloud.clients import Clients
from extenci.image.digest import ZERO_BLOCK, Digest
from extenci.model.errors import Interrupted
from extenci.observe.parallel import answers

READERS = 8
"""Blocks that are read at a time."""


def read_digest(clients: Clients, snapshot: str, stop: Event) -> str:
    """The digest of the disk in a snapshot (`image.digest`). All of its blocks are read. ServiceError and its
    kinds; Interrupted once `stop` is set."""
    tokens = clients.ebs.list_blocks(snapshot)
    indexes = sorted(tokens)

    def hash_part(number: int) -> Mapping[int, bytes]:
        found: dict[int, bytes] = {}
        for index in indexes[number::READERS]:
            if stop.is_set():
                raise Interrupted("Reading a snapshot was interrupted. Nothing was done.")
            data = clients.ebs.get_block(snapshot, index, tokens[index])
            if data != ZERO_BLOCK:
                found[index] = hashlib.sha256(data).digest()
        return found

    parts = answers({str(number): partial(hash_part, number) for number in range(READERS)}, stop)
    hashes = {index: sha256 for one in parts.values() for index, sha256 in one.items()}
    digest = Digest()
    for index in sorted(hashes):
        digest.add(index, hashes[index])
    return digest.hexdigest()
