"""A disk's parts on their way into an object: read, hashed and sent in one bounded pipeline."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock

from extenci.cloud.aws.s3_changes import LARGEST_PART
from extenci.cloud.journalled.s3 import PartUploads
from extenci.image.block_list import BlockList
from extenci.image.digest import ZERO_BLOCK
from extenci.image.raw import RawDisk
from extenci.model.abilities import Ability
from extenci.model.errors import DiskError, ServiceError, Throttled, Unreachable
from extenci.model.s3 import StoredPart
from extenci.model.version import BLOCK_BYTES
from extenci.stage.context import StageContext, StageRequest
from extenci.stage.planned_blocks import read_block
from extenci.stage.s3_import.location import ImportLocation
from extenci.stage.s3_import.part_plan import PartPlan, UploadPart

CONNECTIONS = 12
"""Threads that hash and send."""
AT_ONCE = BoundedSemaphore(2 * CONNECTIONS)
"""Bounds the parts that all imports of a process send at a time, and so its memory."""
WINDOW = 2 * CONNECTIONS
"""Parts that are being sent or wait. A part is read as it is sent, so each thread holds one block."""
WORTH_COPYING = 2
"""The number of parts of zeros from which on the service copies them from an object."""


def send_parts(
    disk: RawDisk,
    blocks: BlockList,
    plan: PartPlan,
    location: ImportLocation,
    request: StageRequest,
    context: StageContext,
) -> dict[int, str]:
    """Send those parts of a disk that the upload does not hold; the ETags of all parts, by number.

    DiskChanged, DiskError, ServiceError or Interrupted at the first problem, once started calls have settled.
    """
    listed = context.clients.s3.parts(location.bucket, location.key, location.upload)
    held = {part.number: part for part in listed or ()}
    etags: dict[int, str] = {}
    sent = 0
    with context.changes.s3.sending_parts(
        location.bucket,
        location.key,
        location.upload,
        token=request.token,
        parts=plan.count,
        held=len(held),
    ) as uploads:
        zeros = ZeroParts(disk, location, uploads, context)
        sender = Sender(disk, plan, uploads, held, zeros, request, context)
        for part, etag in _in_parallel(plan.parts(blocks.entries()), sender.send, context):
            etags[part.number] = etag
            sent += part.size
            context.on_progress(sent, 2 * plan.size)
    disk.check_unchanged()
    return etags


def send_whole(
    disk: RawDisk,
    blocks: BlockList,
    plan: PartPlan,
    location: ImportLocation,
    metadata: Mapping[str, str],
    request: StageRequest,
    context: StageContext,
) -> None:
    """Store a disk in one call, where the service takes no uploads in parts. It cannot be resumed. Errors as
    of `send_parts`; ServiceError where the disk is too large for one call."""
    if plan.size > LARGEST_PART:
        service = context.clients.service
        raise ServiceError(
            f"The disk is too large for the S3 of {service.name}, which lacks the ability "
            f"{Ability.MULTIPART} ({Ability.MULTIPART.meaning}): one call stores 5 GiB at most.",
            f"Set `stage: ebs` or `stage: bundle` in {service.file or 'its file'}.",
            service=service.name,
        )
    part = UploadPart(1, 0, plan.blocks, tuple(blocks.entries()))
    body = PartBody(disk, part)
    try:
        md5 = md5_of_part(disk, part, request, context)
        context.changes.s3.put_object(location.bucket, location.key, body, metadata=metadata, md5=md5)
    except ServiceError:
        if body.problem is not None:  # the SDK took it for a broken connection
            raise body.problem from None
        disk.check_unchanged()
        raise
    disk.check_unchanged()
    context.on_progress(plan.size, 2 * plan.size)


def md5_of_part(disk: RawDisk, part: UploadPart, request: StageRequest, context: StageContext) -> bytes:
    """The MD5 of a part as it was planned. DiskChanged where the disk holds something else."""
    md5, following = hashlib.md5(usedforsecurity=False), part.first
    for entry in part.entries:
        context.check_stop()
        for _ in range(following, entry.index):
            md5.update(ZERO_BLOCK)
        md5.update(read_block(disk, entry, request).data)
        following = entry.index + 1
    for _ in range(following, part.first + part.blocks):
        md5.update(ZERO_BLOCK)
    return md5.digest()


def _in_parallel(
    parts: Iterator[UploadPart], send: Callable[[UploadPart], str], context: StageContext
) -> Iterator[tuple[UploadPart, str]]:
    under_way: dict[Future[str], UploadPart] = {}
    with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="part") as pool:
        try:
            for part in parts:
                context.check_stop()
                under_way[pool.submit(send, part)] = part
                if len(under_way) >= WINDOW:
                    yield from _finished(under_way)
            while under_way:
                yield from _finished(under_way)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _finished(under_way: dict[Future[str], UploadPart]) -> Iterator[tuple[UploadPart, str]]:
    for future in wait(under_way, return_when=FIRST_COMPLETED).done:
        yield under_way.pop(future), future.result()


@dataclass(frozen=True)
class Sender:
    """Sends single parts; any thread may."""

    disk: RawDisk
    plan: PartPlan
    uploads: PartUploads
    held: dict[int, StoredPart]
    zeros: ZeroParts
    request: StageRequest
    context: StageContext

    def send(self, part: UploadPart) -> str:
        """The ETag of a part, which is sent unless the upload holds it. The ETag of a stored part is its MD5,
        unless the service encrypts: then nobody knows its content, and every part is sent anew."""
        with AT_ONCE:
            return self._send(part)

    def _send(self, part: UploadPart) -> str:
        self.context.check_stop()
        md5 = self.zeros.md5_of(part) or md5_of_part(self.disk, part, self.request, self.context)
        held = self.held.get(part.number)
        if held is not None and (held.size, held.etag) == (part.size, md5.hex()):
            return held.etag
        if not part.entries and part.blocks == self.plan.part_blocks:
            copied = self.zeros.copy(part)
            if copied is not None:
                return copied
        return self._put(part, md5)

    def _put(self, part: UploadPart, md5: bytes) -> str:
        body = PartBody(self.disk, part)
        try:
            return self.uploads.put(part.number, body, md5=md5)
        except ServiceError:
            if body.problem is not None:  # the SDK took it for a broken connection
                raise body.problem from None
            self.disk.check_unchanged()  # data written meanwhile has another MD5
            raise


class PartBody(io.RawIOBase):
    """A part as a file. Its blocks are read from the disk when they are needed; zeros are not read.

    `problem` says why the disk could not be read.
    """

    def __init__(self, disk: RawDisk, part: UploadPart) -> None:
        super().__init__()
        self.problem: DiskError | None = None
        self._disk, self._part = disk, part
        self._indexes = {entry.index for entry in part.entries}
        self._position = 0
        self._block: tuple[int, bytes] = -1, b""

    def read(self, size: int | None = -1) -> bytes:
        """At most `size` bytes, and none from beyond the end of a block."""
        left = self._part.size - self._position
        wanted = left if size is None or size < 0 else min(size, left)
        if not wanted:
            return b""
        offset = self._position % BLOCK_BYTES
        piece = self._data(self._part.first + self._position // BLOCK_BYTES)[offset : offset + wanted]
        self._position += len(piece)
        return piece

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position; a body that has to be sent again is rewound."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._part.size}[whence]
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        """The position."""
        return self._position

    def seekable(self) -> bool:
        """Whether it can: it can."""
        return True

    def readable(self) -> bool:
        """Whether it can: it can."""
        return True

    def _data(self, index: int) -> bytes:
        if index not in self._indexes:
            return ZERO_BLOCK
        if self._block[0] != index:
            try:
                self._block = index, self._disk.block(index)
            except DiskError as error:
                self.problem = error
                raise
        return self._block[1]


class ZeroParts:
    """Parts that are all zeros: one is stored as an object, and the service makes the others by copying
    it."""

    def __init__(
        self, disk: RawDisk, location: ImportLocation, uploads: PartUploads, context: StageContext
    ) -> None:
        self._disk, self._location, self._uploads, self._context = disk, location, uploads, context
        self._lock = Lock()
        self._asked = 0
        self._is_stored: bool | None = None
        self._md5s: dict[int, bytes] = {}

    def md5_of(self, part: UploadPart) -> bytes | None:
        """The MD5 of a part of zeros; None where the part has data."""
        if part.entries:
            return None
        with self._lock:
            if part.blocks not in self._md5s:
                md5 = hashlib.md5(usedforsecurity=False)
                for _ in range(part.blocks):
                    md5.update(ZERO_BLOCK)
                self._md5s[part.blocks] = md5.digest()
            return self._md5s[part.blocks]

    def copy(self, part: UploadPart) -> str | None:
        """Let the service copy a part of zeros; its ETag. None where sending it costs no more, or the service
        cannot copy parts, makes something else of them, or refuses it to these credentials."""
        with self._lock:
            self._asked += 1
            if self._asked < WORTH_COPYING or not self._store(part):
                return None
        try:
            return self._uploads.copy(part.number, self._location.zeros, md5=self._md5s[part.blocks])
        except (Throttled, Unreachable):
            raise
        except ServiceError:
            self._is_stored = False
            return None

    def _store(self, part: UploadPart) -> bool:
        if self._is_stored is None:
            self._is_stored = True
            location, body = self._location, PartBody(self._disk, part)
            self._context.changes.s3.put_object(
                location.bucket, location.zeros, body, md5=self._md5s[part.blocks]
            )
        return self._is_stored
