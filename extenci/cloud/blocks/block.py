"""What a block is to those who send it, and what can become of it."""

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
    """The error that the service stored something else than was sent."""
    return ServiceError(
        f"The service {service} stored something else than was sent as block {index} of {snapshot}.",
        "Apply again. If it happens again, something on the way changes what is sent.",
        service=service,
        call=CALL,
    )
