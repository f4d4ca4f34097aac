"""EBS direct's read calls (EBS direct API reference).

A block has 512 KiB; its index is its offset divided by that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from extenci.cloud.aws.answers.pages import bounded_pages
from extenci.cloud.aws.answers.parsers import MalformedValue
from extenci.cloud.aws.calls import ebs_call, expected
from extenci.cloud.aws.session import ServiceSession
from extenci.model.version import BLOCK_BYTES

if TYPE_CHECKING:
    from mypy_boto3_ebs import EBSClient

MOST_BLOCK_PAGES = 64 * 1024**4 // BLOCK_BYTES // 10_000 + 1
"""The pages of a full list of the largest volume (64 TiB)."""


class Ebs:
    """The read calls of one service's EBS direct. Any thread may use it. Every method raises ServiceError and
    its kinds."""

    def __init__(self, session: ServiceSession) -> None:
        self._session = session

    def list_blocks(self, snapshot: str) -> dict[int, str]:
        """The indexes of the blocks in a snapshot, each with the token that its read call needs."""
        found: dict[int, str] = {}
        limits = replace(self._session.limits, pages=MOST_BLOCK_PAGES)
        with ebs_call(self._session, "ListSnapshotBlocks") as ebs:
            for page in bounded_pages(_block_pages(ebs, snapshot), limits):
                expected(page, "VolumeSize")
                found.update((block["BlockIndex"], block["BlockToken"]) for block in page.get("Blocks", ()))
        return found

    def get_block(self, snapshot: str, index: int, token: str) -> bytes:
        """The bytes of a block that `list_blocks` listed."""
        with ebs_call(self._session, "GetSnapshotBlock") as ebs:
            answer = ebs.get_snapshot_block(SnapshotId=snapshot, BlockIndex=index, BlockToken=token)
            with closing(answer["BlockData"]) as body:
                data = body.read(BLOCK_BYTES + 1)
            if len(data) != BLOCK_BYTES:
                raise MalformedValue("BlockData")
            return data


def _block_pages(ebs: EBSClient, snapshot: str) -> Iterator[Mapping[str, Any]]:
    """The SDK has no paginator for this list."""
    following: dict[str, Any] = {}
    while True:
        page = ebs.list_snapshot_blocks(SnapshotId=snapshot, MaxResults=10_000, **following)
        yield page
        if not page.get("NextToken"):
            return
        following = {"NextToken": page["NextToken"]}
