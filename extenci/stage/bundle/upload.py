"""A disk into an EC2 bundle in S3, made while the disk is read, and registered by its manifest.

Each attempt has a prefix of its own in S3, since each encrypts with a key of its own: parts of two never mix.
A failed attempt removes its own parts, or the next run does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from extenci.cloud.journalled.intents import Operation
from extenci.image.block_list import BlockList
from extenci.image.bundle.bundler import Bundler, BundleSigner, open_signer
from extenci.image.bundle.keys import new_secret
from extenci.image.bundle.manifest import BundlePart, manifest_name
from extenci.image.bundle.tar import tar_stream
from extenci.image.problems import other_content
from extenci.image.raw import RawDisk
from extenci.model.abilities import Ability
from extenci.model.errors import ExtenciError, ServiceError
from extenci.model.journal import is_sure
from extenci.model.observed import Image
from extenci.model.record import PUT_BUNDLE
from extenci.model.release import __version__
from extenci.model.version import BLOCK_BYTES
from extenci.stage.bundle.location import FOLDERS, BundleLocation, bundle_location, may_be_in_use
from extenci.stage.bundle.remove import delete, remove
from extenci.stage.context import StageContext, StagedImage, StageRequest
from extenci.stage.planned_blocks import listed, read_block
from extenci.stage.register import DUPLICATE, register

ACL = "aws-exec-read"
"""Lets EC2 read the bundle (S3 User Guide, "Canned ACL")."""
NO_ACL = (
    "The bucket {bucket} takes no ACLs. If the cloud could not read the bundle, let the bucket's policy "
    "allow s3:GetObject on arn:aws:s3:::{bucket}/{folder}* to the account that it reads bundles with."
)
CONNECTIONS = 3
"""Parts that are sent at once: each is held in memory, 10 MiB."""
XML = "application/xml"


def stage(request: StageRequest, context: StageContext) -> StagedImage:
    """Bundle a disk, upload the bundle and register it.

    The disk is compared with the plan: DiskChanged where it differs, DiskError where it cannot be read;
    AccessRefused, before anything is read or sent, where the keys cannot be used; ServiceError and its kinds;
    Interrupted; CatalogError where the block list cannot be written. After an error the uploaded parts are
    removed; by the next run where nobody knows yet whether the image was registered, or where they cannot be
    removed now: the error says what stays.
    """
    signer = _signer(context)
    location = bundle_location(request, context.clients.s3.bucket)
    shown = {"bucket": location.bucket, "key": location.prefix}
    operation = context.changes.begin(PUT_BUNDLE, token=request.token, request=shown, tags=request.tags)
    try:
        _upload(location, signer, request, context, operation)
        staged = register(
            request.name,
            None,
            request.version.registration,
            request.tags,
            context,
            location=location.manifest,
        )
    except ExtenciError as error:
        _clear_after(error, location, operation, request, context)
        raise
    if _stands_elsewhere(staged.image, location, request, context):
        remove(location, context, operation)  # another run staged the same version at the same time
    operation.done({**shown, "image": staged.image})
    return staged


def _stands_elsewhere(
    image: str, location: BundleLocation, request: StageRequest, context: StageContext
) -> bool:
    """Whether an image is seen to stand on another bundle. A service that does not list it yet, or does not
    say where its bundle lies, shows nothing of the kind."""
    for found in context.clients.ec2.images_by_name(request.name):
        if found.id == image:
            says = found.manifest is not None
            context.clients.abilities.learn(
                Ability.IMAGE_LOCATION, says, f"DescribeImages {'named' if says else 'did not name'} it"
            )
            return says and found.manifest != location.manifest
    return False


def _signer(context: StageContext) -> BundleSigner:
    service = context.clients.service
    if service.bundle is None:
        raise ServiceError(
            f"The service {service.name} has no keys to make bundles with.",
            "Name the user's certificate and private key, the cloud's certificate and the account's number "
            "as `bundle:` in its file.",
            service=service.name,
            code="NoBundleKeys",
        )
    return open_signer(service.bundle)


def _upload(
    location: BundleLocation,
    signer: BundleSigner,
    request: StageRequest,
    context: StageContext,
    operation: Operation,
) -> None:
    bundler = Bundler(location.stem, new_secret())
    with context.open(request) as disk:
        if disk.size != request.size:
            raise other_content(request.source)
        with listed(disk, request, context) as blocks:
            parts = bundler.parts(_tar_of(disk, blocks, location, request, context))
            _send(parts, location, context, operation)
        disk.check_unchanged()
    architecture = str(request.version.registration.architecture)
    text = signer.manifest(location.name, architecture, request.size, bundler, release=__version__)
    context.check_stop()
    key = manifest_name(location.prefix)
    context.changes.s3.put_object(location.bucket, key, text, acl=ACL, content_type=XML, within=operation)


def _tar_of(
    disk: RawDisk, blocks: BlockList, location: BundleLocation, request: StageRequest, context: StageContext
) -> Iterator[bytes]:
    """The planned disk as a tar file. DiskChanged where the disk holds something else."""
    entries, total, done = blocks.entries(), len(blocks) * BLOCK_BYTES, 0

    def read(index: int) -> bytes:
        nonlocal done
        context.check_stop()
        entry = next(entries)
        assert entry.index == index, "the list is read in its order"  # noqa: S101 - for the reader
        data = read_block(disk, entry, request).data
        done += len(data)
        context.on_progress(done, total)
        return data

    return tar_stream(location.name, request.size, lambda: (one.index for one in blocks.entries()), read)


def _send(
    parts: Iterable[tuple[BundlePart, bytes]],
    location: BundleLocation,
    context: StageContext,
    operation: Operation,
) -> None:
    """Send parts, a few at once, and end with the first problem, once started calls have settled."""
    under_way = deque[Future[str]]()

    def put(key: str, data: bytes) -> str:
        return context.changes.s3.put_object(location.bucket, key, data, acl=ACL, within=operation)

    with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="part") as pool:
        try:
            for part, data in parts:
                under_way.append(pool.submit(put, location.key_of(part), data))
                del data
                if len(under_way) >= CONNECTIONS:
                    under_way.popleft().result()
            while under_way:
                under_way.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _clear_after(
    error: ExtenciError,
    location: BundleLocation,
    operation: Operation,
    request: StageRequest,
    context: StageContext,
) -> None:
    """Remove the bundle after an error, unless it is registered or may be: the next run finds out. Where it
    stays without an image, the error's hint says so."""
    is_read = isinstance(error, ServiceError) and error.call == "RegisterImage"
    if is_read and context.clients.abilities.lacks(Ability.S3_ACL):
        explained = NO_ACL.format(bucket=location.bucket, folder=FOLDERS[0])
        error.hint = f"{error.hint}\n{explained}".strip()
    try:
        images = context.clients.ec2.images()
        if may_be_in_use(location, images):
            return
        if not _may_be_registered(error, request, images):
            delete(location, context, operation)
            operation.failed(error.message)
            return
        left = (
            "It is not known whether the image was registered. Until it is, the bundle stays in the bucket "
            f"{location.bucket} at {location.prefix}."
        )
    except ServiceError as problem:
        left = (
            f"Parts of it may be left in the bucket {location.bucket} at {location.prefix}: {problem.message}"
        )
    again = "The next `extenci apply` removes them, unless they are an image's by then."
    error.hint = f"{error.hint}\n{left}\n{again}".strip()


def _may_be_registered(error: ExtenciError, request: StageRequest, images: Sequence[Image]) -> bool:
    """Whether the image may show up later: the service does not know whether it registered it, or reports one
    of that name that it does not list, which may be this bundle's, by an attempt whose answer was lost."""
    if not isinstance(error, ServiceError) or error.call != "RegisterImage":
        return False
    if error.code == DUPLICATE:
        return not any(image.name == request.name for image in images)
    return not is_sure(error)
