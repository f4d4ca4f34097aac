"""The blocks that are sent, and the error that one was damaged."""

from __future__ import annotations

from typing import Protocol

from extenci.model.errors import ServiceError

CALL = "PutSnapshotBlock"


class Block(Protocol):
    """512 KiB of a disk."""

    @property
    def index(self) -> int:
        """Its offset on the disk divided by 512 KiB."""

    @property
    def data(self) -> bytes:
        """Its bytes."""

    @property
    def sha256(self) -> bytes:
        """Their SHA-256, 32 raw bytes."""


def damaged(service: str, snapshot: str, index: int) -> ServiceError:
    """The error for a block that the service stored differently from what was sent."""
    return ServiceError(
        f"The service {service} stored other bytes than were sent as block {index} of {snapshot}.",
        "Apply again. If it happens again, something between here and the service changes the data.",
        service=service,
        call=CALL,
    )
