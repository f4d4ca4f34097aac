"""Bodies of requests to S3: bytes, or files that can be rewound."""

from __future__ import annotations

import hashlib
import io
from typing import Any

from extenci.cloud.aws.s3 import PIECE_BYTES


def body_of(data: bytes | io.RawIOBase) -> Any:
    """The body as a file. If it were bytes, all of them would have to be sent within the connect timeout
    (socket.sendall: "the maximum total duration")."""
    return io.BytesIO(data) if isinstance(data, bytes) else data


def size_of(data: bytes | io.RawIOBase) -> int:
    """The number of bytes of a body, which is rewound."""
    if isinstance(data, bytes):
        return len(data)
    size = data.seek(0, io.SEEK_END)
    data.seek(0)
    return size


def md5_of(data: bytes | io.RawIOBase) -> bytes:
    """The MD5 of a body, 16 raw bytes. A file is read, and rewound."""
    md5 = hashlib.md5(usedforsecurity=False)
    if isinstance(data, bytes):
        md5.update(data)
        return md5.digest()
    while piece := data.read(PIECE_BYTES):
        md5.update(piece)
    data.seek(0)
    return md5.digest()
