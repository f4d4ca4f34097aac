"""A disk's parts on their way into an object: read, hashed and sent in one bounded pipeline."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock

from extenci.image.block_list import BlockList
from extenci.image.digest import ZERO_BLOCK
from extenci.image.raw import RawDisk
from extenci.model.errors import DiskError, ServiceError
from extenci.model.journal import is_sure, written_down
from extenci.model.s3 import StoredPart
from extenci.model.version import BLOCK_BYTES
from extenci.stage.context import StageContext, StageRequest
from extenci.stage.ebs.difference import read_block
from extenci.stage.s3_import.location import Place
from extenci.stage.s3_import.part_plan import Part, PartPlan

CONNECTIONS = 12
"""Threads that hash and send."""
TOGETHER = BoundedSemaphore(2 * CONNECTIONS)
"""Parts that are sent at a time by all the imports of a process, which stays small that way."""
WINDOW = 2 * CONNECTIONS
"""Parts that are under way or wait. A part is read as it is sent, so each thread holds one block."""
WORTH_COPYING = 2
"""Parts of zeros from which on one is sent, and the service makes the others of it."""


def send_parts(
    disk: RawDisk, blocks: BlockList, plan: PartPlan, place: Place, job: StageRequest, context: StageContext
) -> dict[int, str]:
    """Send those parts of a disk that the upload does not hold; the ETags of all by number.

    DiskChanged, DiskError, ServiceError or Interrupted at the first problem, once started calls have settled.
    """
    held = {part.number: part for part in context.clients.s3.parts(place.bucket, place.key, place.upload)}
    request = {"bucket": place.bucket, "key": place.key, "parts": plan.count, "held": len(held)}
    intent = context.calls.begin("UploadPart", token=job.token, request=request)
    etags: dict[int, str] = {}
    sender = Sender(disk, plan, place, held, ZeroParts(disk, place, context), job, context)
    sent = 0
    try:
        for part, etag in _in_parallel(plan.parts(blocks.entries()), sender.send, context):
            etags[part.number] = etag
            sent += part.size
            context.on_progress(sent, 2 * plan.size)
    finally:
        context.calls.settle(intent, {"bucket": place.bucket, "key": place.key, "parts": len(etags)})
    disk.check_unchanged()
    return etags


def _in_parallel(
    parts: Iterator[Part], send: Callable[[Part], str], context: StageContext
) -> Iterator[tuple[Part, str]]:
    under_way: dict[Future[str], Part] = {}
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


def _finished(under_way: dict[Future[str], Part]) -> Iterator[tuple[Part, str]]:
    for future in wait(under_way, return_when=FIRST_COMPLETED).done:
        yield under_way.pop(future), future.result()


@dataclass(frozen=True)
class Sender:
    """Sends single parts; any thread may."""

    disk: RawDisk
    plan: PartPlan
    place: Place
    held: dict[int, StoredPart]
    zeros: ZeroParts
    job: StageRequest
    context: StageContext

    def send(self, part: Part) -> str:
        """The ETag of a part, which is sent unless the upload holds it. The ETag of a part that was sent is
        its MD5, or the service encrypts: then it is not known what it holds, and everything is sent anew."""
        with TOGETHER:
            return self._send(part)

    def _send(self, part: Part) -> str:
        self.context.check_stop()
        md5 = self.zeros.md5_of(part) or self._md5(part)
        held = self.held.get(part.number)
        if held is not None and (held.size, held.etag) == (part.size, md5.hex()):
            return held.etag
        if not part.entries and part.blocks == self.plan.part_blocks:
            copied = self.zeros.copy(part)
            if copied is not None:
                return copied
        return self._put(part, md5)

    def _put(self, part: Part, md5: bytes) -> str:
        s3, place, body = self.context.clients.s3, self.place, PartBody(self.disk, part)
        try:
            return s3.put_part(place.bucket, place.key, place.upload, part.number, body, md5=md5)
        except ServiceError:
            if body.problem is not None:  # which the SDK takes for a broken connection
                raise body.problem from None
            self.disk.check_unchanged()  # what was written to it meanwhile has another MD5
            raise

    def _md5(self, part: Part) -> bytes:
        """The MD5 of what was planned as this part. DiskChanged where the disk holds something else."""
        md5, following = hashlib.md5(usedforsecurity=False), part.first
        for entry in part.entries:
            self.context.check_stop()
            for _ in range(following, entry.index):
                md5.update(ZERO_BLOCK)
            md5.update(read_block(self.disk, entry, self.job).data)
            following = entry.index + 1
        for _ in range(following, part.first + part.blocks):
            md5.update(ZERO_BLOCK)
        return md5.digest()


class PartBody(io.RawIOBase):
    """A part as a file, read from the disk as it is needed; what lies between its blocks is not read.

    `problem` is why the disk could not be read.
    """

    def __init__(self, disk: RawDisk, part: Part) -> None:
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
        """It is."""
        return True

    def readable(self) -> bool:
        """It is."""
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
    """Parts that are all zeros: one is stored as an object, the others the service copies from that."""

    def __init__(self, disk: RawDisk, place: Place, context: StageContext) -> None:
        self._disk, self._place, self._context = disk, place, context
        self._lock = Lock()
        self._asked = 0
        self._is_stored: bool | None = None
        self._md5s: dict[int, bytes] = {}

    def md5_of(self, part: Part) -> bytes | None:
        """The MD5 of a part of zeros, None where it is no such part."""
        if part.entries:
            return None
        with self._lock:
            if part.blocks not in self._md5s:
                md5 = hashlib.md5(usedforsecurity=False)
                for _ in range(part.blocks):
                    md5.update(ZERO_BLOCK)
                self._md5s[part.blocks] = md5.digest()
            return self._md5s[part.blocks]

    def copy(self, part: Part) -> str | None:
        """Have a part made by the service; its ETag. None where it is as well to send it, or the service
        does not do such a thing, or not for these credentials."""
        with self._lock:
            self._asked += 1
            if self._asked < WORTH_COPYING or not self._store(part):
                return None
        s3, place = self._context.clients.s3, self._place
        try:
            return s3.copy_part(place.bucket, place.key, place.upload, part.number, place.zeros)
        except ServiceError as error:
            if not is_sure(error):
                raise
            self._is_stored = False
            return None

    def _store(self, part: Part) -> bool:
        if self._is_stored is None:
            self._is_stored = True
            place, md5 = self._place, self._md5s[part.blocks]
            request = {"bucket": place.bucket, "key": place.zeros}
            with written_down(self._context.calls, "PutObject", request=request) as settle:
                body = PartBody(self._disk, part)
                self._context.clients.s3.put_object(place.bucket, place.zeros, body, md5=md5)
                settle(request)
        return self._is_stored
