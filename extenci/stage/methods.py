"""Which methods of staging there are, and what all of them together do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from extenci.cloud.clients import Clients
from extenci.model.errors import AccessRefused, NotFound
from extenci.model.leftovers import Uploaded
from extenci.model.record import Intent
from extenci.model.version import Method
from extenci.stage.bundle.method import BundleMethod
from extenci.stage.context import StageContext, StagedImage, StageRequest
from extenci.stage.ebs.method import EbsMethod
from extenci.stage.method import StageMethod, merged
from extenci.stage.s3_import.location import folder_of
from extenci.stage.s3_import.method import S3ImportMethod

METHODS: Mapping[Method, StageMethod] = {
    Method.EBS: EbsMethod(),
    Method.IMPORT: S3ImportMethod(),
    Method.BUNDLE: BundleMethod(),
}


def stage(request: StageRequest, context: StageContext) -> StagedImage:
    """Stage a disk as its version says. Errors as of `StageMethod.stage`."""
    return METHODS[request.version.registration.method].stage(request, context)


def method_of(operation: str) -> StageMethod | None:
    """The method that looks after an operation of the journal; None where it is not a method's."""
    return next((one for one in METHODS.values() if operation in one.operations), None)


def recover(intents: Iterable[Intent], context: StageContext) -> None:
    """Bring the methods' operations of runs that died to their ends. ServiceError and its kinds."""
    for intent in intents:
        method = method_of(intent.call)
        if method is not None:
            method.recover(intent, context)


def claim(stack: str, context: StageContext) -> None:
    """Tag what runs of any home made for the stack and died before they could tag it."""
    for method in METHODS.values():
        method.claim(stack, context)


def read_uploaded(stack: str, clients: Clients, begun: Mapping[str, float]) -> Uploaded | None:
    """What lies in S3 of a stack's disks. `begun` are the keys that runs of this home which are over uploaded
    to, and when. None where there is no bucket, or these credentials may not look into it and nothing was
    uploaded from here. ServiceError and its kinds."""
    bucket = clients.service.bucket
    if bucket is None:
        return None
    prefix = folder_of(stack, clients.service.name)
    try:
        objects = tuple(clients.s3.list_objects(bucket, prefix))
        uploads = clients.s3.multipart_uploads(bucket, prefix)
    except (AccessRefused, NotFound):
        if begun:
            raise
        return None
    lying = Uploaded(bucket, objects, uploads, begun)
    return merged(bucket, begun, tuple(method.leftovers(lying, clients) for method in METHODS.values()))
