"""EBS direct's read calls (EBS direct API reference).

A block has 512 KiB; its index is its offset divided by that.
"""

from __future__ import annotations

from typing import Any

from extenci.cloud.aws.calls import ebs_call, expected
from extenci.cloud.aws.session import ServiceSession


class Ebs:
    """The read calls of one service's EBS direct. Any thread may use it. Every method raises ServiceError and
    its kinds."""

    def __init__(self, session: ServiceSession) -> None:
        self._session = session

    def list_blocks(self, snapshot: str) -> dict[int, str]:
        """The indexes of the blocks in a snapshot, each with the token that its read call needs."""
        found: dict[int, str] = {}
        following: dict[str, Any] = {}
        while True:
            with ebs_call(self._session, "ListSnapshotBlocks") as ebs:
                page = ebs.list_snapshot_blocks(SnapshotId=snapshot, MaxResults=10_000, **following)
                expected(page, "VolumeSize")
            found.update((block["BlockIndex"], block["BlockToken"]) for block in page.get("Blocks", ()))
            if not page.get("NextToken"):
                return found
            following = {"NextToken": page["NextToken"]}

    def get_block(self, snapshot: str, index: int, token: str) -> bytes:
        """The bytes of a block that `list_blocks` listed."""
        with ebs_call(self._session, "GetSnapshotBlock") as ebs:
            answer = ebs.get_snapshot_block(SnapshotId=snapshot, BlockIndex=index, BlockToken=token)
            return answer["BlockData"].read()
