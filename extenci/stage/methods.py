"""The methods of staging, and the work that concerns all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from extenci.cloud.clients import Clients
from extenci.model.errors import AccessRefused, NotFound
from extenci.model.journal import History
from extenci.model.leftovers import Uploaded
from extenci.model.record import Intent
from extenci.model.version import Method
from extenci.stage.bundle.method import BundleMethod
from extenci.stage.context import StageContext, StagedImage, StageRequest
from extenci.stage.ebs.method import EbsMethod
from extenci.stage.method import StageMethod, merged
from extenci.stage.s3_import.method import S3ImportMethod
from extenci.stage.uploads import unfinished_uploads

METHODS: Mapping[Method, StageMethod] = {
    Method.EBS: EbsMethod(),
    Method.IMPORT: S3ImportMethod(),
    Method.BUNDLE: BundleMethod(),
}


def stage(request: StageRequest, context: StageContext) -> StagedImage:
    """Stage a disk as its version says. Errors as of `StageMethod.stage`."""
    return METHODS[request.version.registration.method].stage(request, context)


def method_of(operation: str) -> StageMethod | None:
    """The method that an operation of the journal belongs to; None where it belongs to none."""
    return next((one for one in METHODS.values() if operation in one.operations), None)


def recover(intents: Iterable[Intent], context: StageContext) -> None:
    """Finish or undo the methods' operations of runs that died. ServiceError and its kinds."""
    for intent in intents:
        method = method_of(intent.call)
        if method is not None:
            method.recover(intent, context)


def claim(stack: str, context: StageContext) -> None:
    """Tag the resources that runs of any home made for the stack and did not live to tag."""
    for method in METHODS.values():
        method.claim(stack, context)


def read_uploaded(
    stack: str, clients: Clients, begun: Mapping[str, float], history: History
) -> Uploaded | None:
    """A stack's objects and uploads in S3. `begun` are the keys that finished runs of this home uploaded to,
    and when. None where there is no bucket, or these credentials may not list it and nothing was uploaded
    from here. ServiceError and its kinds."""
    bucket = clients.service.bucket
    if bucket is None:
        return None
    folders = {one for method in METHODS.values() for one in method.folders(stack, clients.service.name)}
    try:
        objects = tuple(one for folder in sorted(folders) for one in clients.s3.list_objects(bucket, folder))
        uploads = tuple(
            one for folder in sorted(folders) for one in unfinished_uploads(bucket, folder, clients, history)
        )
    except (AccessRefused, NotFound):
        if begun:
            raise
        return None
    stored = Uploaded(bucket, objects, uploads, begun)
    return merged(bucket, begun, tuple(method.leftovers(stored, clients) for method in METHODS.values()))
