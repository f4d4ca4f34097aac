"""A method of staging: it makes a registered image of a disk.

Whatever a method leaves behind on the way, or keeps beside the image, is its own business: it finds that
again and removes it. To add a method: a folder with its class, a line in `extenci.stage.methods`, and its
name in `model.address.Method`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from extenci.cloud.clients import Clients
from extenci.model.leftovers import Uploaded
from extenci.model.observed import Image
from extenci.model.record import Intent
from extenci.stage.context import StageContext, StagedImage, StageRequest


class StageMethod(ABC):
    """How a disk becomes a registered image. A method that leaves nothing behind needs no more than `stage`.

    `operations` are the journal's names of the calls, and of the work of several calls, that only this method
    can bring to an end: `recover` is given each that a run which died has left open.
    """

    operations: frozenset[str] = frozenset()

    @abstractmethod
    def stage(self, request: StageRequest, context: StageContext) -> StagedImage:
        """Make a registered image of a disk. DiskError, ServiceError and their kinds; Interrupted when told
        to stop."""

    def recover(self, intent: Intent, context: StageContext) -> None:  # noqa: B027 - most leave nothing open
        """Finish or undo an operation of a run that died, or leave it open while the service works on it.
        ServiceError and its kinds."""

    def claim(self, stack: str, context: StageContext) -> None:  # noqa: B027 - as above
        """Tag the resources that runs of any home made for the stack and did not live to tag. ServiceError
        and its kinds."""

    def folders(self, stack: str, service: str) -> tuple[str, ...]:  # noqa: ARG002 - most use no S3
        """The prefixes of the keys in S3 under which this method keeps a stack's objects for a service."""
        return ()

    def leftovers(self, stored: Uploaded, clients: Clients) -> Uploaded:  # noqa: ARG002 - for those that need it
        """The objects and uploads of a stack in the service's bucket that this method put there, and
        which of them are in use. ServiceError and its kinds."""
        return Uploaded(stored.bucket)

    def remove(self, image: Image, context: StageContext) -> bool:  # noqa: ARG002 - as above
        """Deregister an image that this method keeps outside snapshots, and delete the data kept for it;
        False, and nothing done, for any other image. ServiceError and its kinds."""
        return False


def merged(bucket: str, begun: Mapping[str, float], parts: tuple[Uploaded, ...]) -> Uploaded:
    """The findings of several methods in one bucket, as one."""
    return Uploaded(
        bucket,
        objects=tuple(one for part in parts for one in part.objects),
        uploads=tuple(one for part in parts for one in part.uploads),
        begun={**begun, **{key: at for part in parts for key, at in part.begun.items()}},
        busy=frozenset(key for part in parts for key in part.busy),
    )
