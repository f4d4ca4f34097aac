"""ListSnapshotBlocks and ListChangedBlocks: which blocks a snapshot has, page by page."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from extenci.sandbox.ebs.errors import EbsError, invalid
from extenci.sandbox.state.disks import BLOCK_BYTES
from extenci.sandbox.state.snapshots import DiskSnapshot

_SECRET = secrets.token_bytes(32)
_TOKEN_SECONDS = 7 * 24 * 3600
_PAGE_RANGE = range(100, 10001)


def block_token(snapshot: DiskSnapshot, index: int) -> str:
    """The token that GetSnapshotBlock demands; only the lists give it."""
    text = f"{snapshot.id}/{index}".encode()
    return base64.b64encode(hashlib.sha256(_SECRET + text).digest()).decode()


def snapshot_blocks(snapshot: DiskSnapshot, asked: Mapping[str, str], now: float) -> dict[str, Any]:
    """ListSnapshotBlocks' answer. `asked`: maxResults, pageToken, startingBlockIndex."""

    def entry(index: int) -> dict[str, Any]:
        return {"BlockIndex": index, "BlockToken": block_token(snapshot, index)}

    return _listed("Blocks", iter(sorted(snapshot.blocks)), entry, snapshot, asked, now)


def changed_blocks(
    first: DiskSnapshot | None, second: DiskSnapshot, asked: Mapping[str, str], now: float
) -> dict[str, Any]:
    """ListChangedBlocks' answer: blocks whose content differs; without `first`, all of `second`.

    Raises ValidationException UNRELATED_SNAPSHOTS when neither comes from the other or from a common one.
    """
    if first is not None and not first.lineage & second.lineage:
        raise invalid("UNRELATED_SNAPSHOTS", "The snapshots have no common ancestor.")

    def entry(index: int) -> dict[str, Any]:
        change: dict[str, Any] = {"BlockIndex": index}
        if first is not None and index in first.blocks:
            change["FirstBlockToken"] = block_token(first, index)
        if index in second.blocks:
            change["SecondBlockToken"] = block_token(second, index)
        return change

    return _listed("ChangedBlocks", _differing(first, second), entry, second, asked, now)


def _differing(first: DiskSnapshot | None, second: DiskSnapshot) -> Iterator[int]:
    if first is None:
        yield from sorted(second.blocks)
        return
    for index in sorted(first.blocks | second.blocks):
        if first.disk.read(index) != second.disk.read(index):
            yield index


def _listed(
    name: str,
    indexes: Iterator[int],
    entry: Callable[[int], dict[str, Any]],
    snapshot: DiskSnapshot,
    asked: Mapping[str, str],
    now: float,
) -> dict[str, Any]:
    size = _number(asked, "maxResults", 10000)
    if size not in _PAGE_RANGE:
        raise invalid("INVALID_PARAMETER_VALUE", "MaxResults must be from 100 to 10000.")
    start = _start(asked)
    found: list[int] = []
    following = None
    for index in indexes:
        if index < start:
            continue
        if len(found) == size:
            following = index
            break
        found.append(index)
    return {
        name: _entries(found, entry),
        "VolumeSize": snapshot.disk.gib,
        "BlockSize": BLOCK_BYTES,
        "ExpiryTime": now + _TOKEN_SECONDS,
    } | ({} if following is None else {"NextToken": base64.b64encode(b"%d" % following).decode()})


def _entries(indexes: Sequence[int], entry: Callable[[int], dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry(index) for index in indexes]


def _start(asked: Mapping[str, str]) -> int:
    if token := asked.get("pageToken"):
        try:
            return int(base64.b64decode(token, validate=True))
        except ValueError:
            raise _bad_page_token() from None
    return _number(asked, "startingBlockIndex", 0)


def _bad_page_token() -> EbsError:
    return invalid("INVALID_PAGE_TOKEN", "The page token is not valid.")


def _number(asked: Mapping[str, str], name: str, default: int) -> int:
    text = asked.get(name, str(default))
    if not text.isdecimal():
        raise invalid("INVALID_PARAMETER_VALUE", f"{name} is not a number.")
    return int(text)
