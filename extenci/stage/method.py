"""A method of staging: what each has to do.

A method makes a registered image of a disk. What it leaves behind on the way, or keeps beside the image, is
its own business: it finds that again, looks after it and removes it. To add one: a folder with its class, a
line in `extenci.stage.methods`, and its name in `model.version.Method`.
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
        """Stage a disk. DiskError, ServiceError and their kinds; Interrupted when told to stop."""

    def recover(self, intent: Intent, context: StageContext) -> None:  # noqa: B027 - most leave nothing open
        """Bring an operation of a run that died to its end, or leave it open while the service is at it.
        ServiceError and its kinds."""

    def claim(self, stack: str, context: StageContext) -> None:  # noqa: B027 - as above
        """Tag what runs of any home made for the stack and died before they could tag it."""

    def leftovers(self, lying: Uploaded, clients: Clients) -> Uploaded:  # noqa: ARG002 - for those that need it
        """Those of the objects and uploads of a stack in the service's bucket that this method put there,
        and which of them are in use. ServiceError and its kinds."""
        return Uploaded(lying.bucket)

    def remove(self, image: Image, context: StageContext) -> bool:  # noqa: ARG002 - as above
        """Deregister an image that this method keeps elsewhere than on snapshots, and delete what it keeps;
        False, and nothing done, where it is not of that kind. ServiceError and its kinds."""
        return False


def merged(bucket: str, begun: Mapping[str, float], parts: tuple[Uploaded, ...]) -> Uploaded:
    """What several methods found in one bucket, together."""
    return Uploaded(
        bucket,
        objects=tuple(one for part in parts for one in part.objects),
        uploads=tuple(one for part in parts for one in part.uploads),
        begun={**begun, **{key: at for part in parts for key, at in part.begun.items()}},
        busy=frozenset(key for part in parts for key in part.busy),
    )
