"""Compresses with gzip on all cores, into one member that any gunzip reads.

Blocks are compressed in threads (zlib releases Python's lock), each with the 32 KiB before it as its
dictionary. A sync flush ends each block at a byte boundary, so that the outputs, joined, are one deflate
stream (RFC 1951, 1952; pigz does the same).
"""

from __future__ import annotations

import os
import struct
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

BLOCK = 512 * 1024
WINDOW = 32 * 1024
LEVEL = 6
"""gzip's default."""
MOST_WORKERS = 4
"""Each holds a few blocks in memory."""
HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
LAST_BLOCK = b"\x03\x00"
"""An empty final block."""


def gzip_stream(
    pieces: Iterable[bytes], *, level: int = LEVEL, workers: int | None = None
) -> Iterator[bytes]:
    """The gzip file of the joined `pieces`, piece by piece. Only a few blocks are held in memory."""
    workers = workers or min(os.cpu_count() or 1, MOST_WORKERS)
    checksum, length, before = 0, 0, b""
    waiting: deque[Future[bytes]] = deque()
    yield HEADER
    with ThreadPoolExecutor(workers, thread_name_prefix="deflate") as pool:
        try:
            for block in _blocks(pieces):
                waiting.append(pool.submit(_deflate, block, before, level))
                checksum = zlib.crc32(block, checksum)
                length += len(block)
                before = block[-WINDOW:]
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    yield LAST_BLOCK + struct.pack("<II", checksum, length & 0xFFFFFFFF)


def _deflate(block: bytes, before: bytes, level: int) -> bytes:
    squeezer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS, 8, zlib.Z_DEFAULT_STRATEGY, before)
    return squeezer.compress(block) + squeezer.flush(zlib.Z_SYNC_FLUSH)


def _blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that are large enough for a thread, none of them empty."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        if not held and len(piece) >= BLOCK:
            yield piece
            continue
        held.append(piece)
        size += len(piece)
        if size >= BLOCK:
            yield b"".join(held)
            held, size = [], 0
    if size:
        yield b"".join(held)
