"""Checks of requests to EBS direct (AWS: EBS direct API reference; EBS User Guide)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from extenci.sandbox.ebs.errors import EbsError, invalid
from extenci.sandbox.http.listener import HttpRequest
from extenci.sandbox.state.disks import BLOCK_BYTES
from extenci.sandbox.state.snapshots import DiskSnapshot


def checked_block(request: HttpRequest) -> bytes:
    """The SHA-256 of the block, if it is what the headers say. Raises ValidationException."""
    if request.headers.get("x-amz-data-length") != str(BLOCK_BYTES) or len(request.body) != BLOCK_BYTES:
        raise invalid("INVALID_BLOCK", f"A block has {BLOCK_BYTES} bytes.")
    if request.headers.get("x-amz-checksum-algorithm") != "SHA256":
        raise invalid("INVALID_PARAMETER_VALUE", "The checksum algorithm is SHA256.")
    digest = hashlib.sha256(request.body).digest()
    if _decoded(request.headers.get("x-amz-checksum", "")) != digest:
        raise invalid("INVALID_BLOCK", "The checksum does not match the block data.")
    return digest


def check_completion(headers: Mapping[str, str], snapshot: DiskSnapshot) -> None:
    """ChangedBlocksCount, and the aggregated checksum if there is one (LINEAR: of all digests in order)."""
    count = headers.get("x-amz-changedblockscount", "")
    if not count.isdecimal() or int(count) != len(snapshot.written):
        raise invalid(
            "INVALID_PARAMETER_VALUE",
            f"ChangedBlocksCount is {count or 'missing'}, but {len(snapshot.written)} blocks were put.",
        )
    checksum = headers.get("x-amz-checksum")
    if checksum is None:
        return
    method = headers.get("x-amz-checksum-aggregation-method")
    if method != "LINEAR" or headers.get("x-amz-checksum-algorithm") != "SHA256":
        raise invalid("INVALID_PARAMETER_VALUE", "A checksum goes with SHA256 and LINEAR.")
    digests = b"".join(snapshot.written[index] for index in sorted(snapshot.written))
    if _decoded(checksum) != hashlib.sha256(digests).digest():
        raise invalid("INVALID_PARAMETER_VALUE", "The checksum does not match the blocks' checksums.")


def block_index(text: str, snapshot: DiskSnapshot) -> int:
    if not text.isdecimal() or int(text) >= snapshot.disk.blocks:
        raise invalid("INVALID_BLOCK", f"Block {text} is not in a volume of {snapshot.disk.gib} GiB.")
    return int(text)


def whole_number(asked: Mapping[str, Any], name: str, valid: range, reason: str) -> int:
    value = asked.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value not in valid:
        raise invalid(reason, f"{name} must be from {valid[0]} to {valid[-1]}.")
    return value


def read_json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise EbsError(400, "SerializationException", "The body is not a JSON object.")
    return value


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


def checksum_headers(digest: bytes) -> dict[str, str]:
    return {
        "x-amz-Checksum": base64.b64encode(digest).decode(),
        "x-amz-Checksum-Algorithm": "SHA256",
    }
