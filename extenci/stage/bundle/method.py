"""The method `bundle`: an EC2 bundle in S3, made while the disk is read, and registered by its manifest."""

from __future__ import annotations

from extenci.cloud.clients import Clients
from extenci.model.journal import History
from extenci.model.leftovers import Uploaded
from extenci.model.observed import Image
from extenci.model.record import DELETE_BUNDLE, PUT_BUNDLE, Intent
from extenci.stage.bundle import remove
from extenci.stage.bundle.leftovers import find_leftovers
from extenci.stage.bundle.location import bundle_folder
from extenci.stage.context import StageContext, StagedImage, StageRequest
from extenci.stage.method import StageMethod
from extenci.stage.s3_import.location import folder_of


class BundleMethod(StageMethod):
    """Uploads a bundle and registers its manifest. The bundle stays in S3 as long as its image. A failed
    attempt removes its own bundle, or the next run does."""

    operations = frozenset((PUT_BUNDLE, DELETE_BUNDLE))

    def stage(self, request: StageRequest, context: StageContext) -> StagedImage:
        """See `StageMethod.stage` and `upload.stage`."""
        from extenci.stage.bundle import upload  # noqa: PLC0415 - loads cryptography

        return upload.stage(request, context)

    def recover(self, intent: Intent, context: StageContext) -> None:
        """See `StageMethod.recover`."""
        remove.recover(intent, context)

    def folders(self, stack: str, service: str) -> tuple[str, ...]:
        """See `StageMethod.folders`: those of bundles now, and of earlier versions."""
        return (bundle_folder(stack, service), folder_of(stack, service))

    def leftovers(self, stored: Uploaded, clients: Clients, history: History, now: float) -> Uploaded:
        """See `StageMethod.leftovers`."""
        return find_leftovers(stored, clients, history, now)

    def remove(self, image: Image, context: StageContext) -> bool:
        """See `StageMethod.remove`."""
        return remove.remove_image(image, context)
