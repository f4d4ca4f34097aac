"""Multipart uploads, copies, and objects that do not fit into memory."""

from __future__ import annotations

import base64
import hashlib
import os
import urllib.request
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from extenci.model.service import SandboxStatus

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 1 << 20
PART = 5 * MIB


@pytest.fixture(scope="module")
def bucket(s3: S3Client) -> str:
    s3.create_bucket(Bucket="uploads")
    return "uploads"


@pytest.fixture
def begun(s3: S3Client, bucket: str, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Bucket, Key and UploadId of a new upload."""
    key = request.node.name
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    return {"Bucket": bucket, "Key": key, "UploadId": upload}


def complete(s3: S3Client, begun: dict[str, Any], *parts: tuple[int, str]) -> Any:
    listed: Any = [{"PartNumber": number, "ETag": etag} for number, etag in parts]
    return s3.complete_multipart_upload(**begun, MultipartUpload={"Parts": listed})


def put(s3: S3Client, begun: dict[str, Any], number: int, data: bytes) -> str:
    return s3.upload_part(**begun, PartNumber=number, Body=data)["ETag"]


def rss(sandbox: SandboxStatus) -> int:
    """Resident bytes of the sandbox's process."""
    status = Path(f"/proc/{sandbox.pid}/status").read_text().split()
    return int(status[status.index("VmHWM:") + 1]) * 1024


def test_an_object_bigger_than_memory_should_hold_goes_in_and_out(
    sandbox: SandboxStatus, s3: S3Client, bucket: str, tmp_path: Path
) -> None:
    """In parts, at once, and copied into another's parts."""
    before, path = rss(sandbox), tmp_path / "big"
    with path.open("wb") as file:
        for _ in range(400):
            file.write(os.urandom(MIB))
    s3.upload_file(str(path), bucket, "big", Config=TransferConfig(multipart_chunksize=32 * MIB))
    with path.open("rb") as file:
        s3.put_object(Bucket=bucket, Key="whole", Body=file)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="copy")["UploadId"]
    begun: dict[str, Any] = {"Bucket": bucket, "Key": "copy", "UploadId": upload}
    for number, source in enumerate(("big", "whole"), start=1):
        s3.upload_part_copy(**begun, PartNumber=number, CopySource={"Bucket": bucket, "Key": source})
    parts = [(one["PartNumber"], one["ETag"]) for one in s3.list_parts(**begun)["Parts"]]
    complete(s3, begun, *parts)
    back = tmp_path / "back"
    s3.download_file(bucket, "copy", str(back))
    with path.open("rb") as one, back.open("rb") as other:
        for _ in range(2):
            one.seek(0)
            while piece := one.read(MIB):
                assert piece == other.read(MIB)
        assert not other.read(1)
    assert rss(sandbox) - before < 150 * MIB


def test_zeros_take_no_room(sandbox: SandboxStatus, s3: S3Client, bucket: str) -> None:
    folder = sandbox.calls.parent / "objects"
    before = sum(file.stat().st_blocks for file in folder.iterdir())
    s3.put_object(Bucket=bucket, Key="zeros", Body=bytes(64 * MIB))
    assert sum(file.stat().st_blocks for file in folder.iterdir()) - before < 1000
    s3.delete_object(Bucket=bucket, Key="zeros")


def test_what_is_deleted_or_replaced_leaves_no_file(
    sandbox: SandboxStatus, s3: S3Client, bucket: str
) -> None:
    folder = sandbox.calls.parent / "objects"
    before = set(folder.iterdir())
    for _ in range(3):
        s3.put_object(Bucket=bucket, Key="one", Body=os.urandom(MIB))
    assert len(set(folder.iterdir()) - before) == 1
    s3.delete_object(Bucket=bucket, Key="one")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="one")["UploadId"]
    begun = {"Bucket": bucket, "Key": "one", "UploadId": upload}
    for _ in range(2):
        put(s3, begun, 1, os.urandom(MIB))
    assert len(set(folder.iterdir()) - before) == 1
    s3.abort_multipart_upload(**begun)  # type: ignore[arg-type]
    assert set(folder.iterdir()) == before


def test_parts_are_put_at_the_same_time(s3: S3Client, begun: dict[str, Any]) -> None:
    data = {number: os.urandom(PART) for number in range(1, 17)}
    with ThreadPoolExecutor(16) as pool:
        etags = list(pool.map(lambda number: (number, put(s3, begun, number, data[number])), data))
    done = complete(s3, begun, *etags)
    digests = b"".join(hashlib.md5(part, usedforsecurity=False).digest() for part in data.values())
    assert done["ETag"] == f'"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-16"'
    body = s3.get_object(Bucket=begun["Bucket"], Key=begun["Key"])["Body"]
    assert all(body.read(PART) == part for part in data.values())


def test_parts_are_listed_by_number_and_page(s3: S3Client, begun: dict[str, Any]) -> None:
    for number in (30, 2, 7):
        put(s3, begun, number, b"x")
    first = s3.list_parts(**begun, MaxParts=2)
    assert [one["PartNumber"] for one in first["Parts"]] == [2, 7]
    assert (first["IsTruncated"], first["NextPartNumberMarker"]) == (True, 7)
    rest = s3.list_parts(**begun, PartNumberMarker=7)
    assert [one["PartNumber"] for one in rest["Parts"]] == [30]
    assert not rest["IsTruncated"]


def test_uploads_are_listed_by_prefix_and_page(s3: S3Client, bucket: str) -> None:
    keys = ["list/a b", "list/a b", "list/c&d", "other"]
    begun = [(key, s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]) for key in keys]
    pages = s3.get_paginator("list_multipart_uploads").paginate(
        Bucket=bucket, Prefix="list/", PaginationConfig={"PageSize": 1}
    )
    found = [(one["Key"], one["UploadId"]) for page in pages for one in page.get("Uploads", ())]
    assert found == sorted(begun[:2], key=found.index) + begun[2:3]


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([(1, "x")], "InvalidPart"),
        ([(3, "last")], "InvalidPart"),
        ([(2, "last"), (1, "small")], "InvalidPartOrder"),
        ([(1, "small"), (2, "last")], "EntityTooSmall"),
    ],
)
def test_parts_that_make_no_object_are_refused(
    s3: S3Client, begun: dict[str, Any], parts: list[tuple[int, str]], code: str
) -> None:
    etags = {"small": put(s3, begun, 1, b"small"), "last": put(s3, begun, 2, b"last")}
    with pytest.raises(ClientError) as refused:
        complete(s3, begun, *((number, etags.get(name, f'"{name}"')) for number, name in parts))
    assert refused.value.response["Error"]["Code"] == code
    assert len(s3.list_parts(**begun)["Parts"]) == 2


def test_an_upload_ends_once(s3: S3Client, begun: dict[str, Any]) -> None:
    etag = put(s3, begun, 1, b"data")
    complete(s3, begun, (1, etag))
    calls: list[Callable[[], object]] = [
        lambda: complete(s3, begun, (1, etag)),
        lambda: s3.list_parts(**begun),
        lambda: put(s3, begun, 1, b"data"),
        lambda: s3.abort_multipart_upload(**begun),
    ]
    for call in calls:
        with pytest.raises(ClientError, match="NoSuchUpload"):
            call()


def test_what_was_said_of_an_upload_is_said_of_the_object(s3: S3Client, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="told", Metadata={"a": "b"}, ContentType="text/x")
    begun = {"Bucket": bucket, "Key": "told", "UploadId": upload["UploadId"]}
    complete(s3, begun, (1, put(s3, begun, 1, os.urandom(MIB))))
    head = s3.head_object(Bucket=bucket, Key="told")
    assert (head["Metadata"], head["ContentType"], head["ContentLength"]) == ({"a": "b"}, "text/x", MIB)


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=10-19", 10, 20), ("bytes=1048570-", 1048570, MIB), ("bytes=-5", MIB - 5, MIB)],
)
def test_a_range_of_a_big_object_is_given(
    s3: S3Client, bucket: str, asked: str, start: int, end: int
) -> None:
    data = os.urandom(MIB)
    s3.put_object(Bucket=bucket, Key="range", Body=data)
    answer = s3.get_object(Bucket=bucket, Key="range", Range=asked)
    assert answer["ContentRange"] == f"bytes {start}-{end - 1}/{MIB}"
    assert answer["Body"].read() == data[start:end]


FORM = "application/x-www-form-urlencoded"


def put_as_is(url: str, headers: dict[str, str], body: bytes = b"") -> None:
    """PutObject or CopyObject as no boto3 sends it."""
    whole = {"Authorization": "AWS AKIATEST000000000000:any", **headers}
    request = urllib.request.Request(url, body, whole, method="PUT")  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        assert answer.status == 200


def test_a_plus_in_the_source_of_a_copy_is_a_blank(sandbox: SandboxStatus, s3: S3Client, bucket: str) -> None:
    """As in S3. Terraform writes blanks so."""
    s3.put_object(Bucket=bucket, Key="with a blank", Body=b"content")
    put_as_is(f"{sandbox.s3}/{bucket}/copied", {"x-amz-copy-source": "uploads%2Fwith+a+blank"})
    assert s3.get_object(Bucket=bucket, Key="copied")["Body"].read() == b"content"


def test_a_body_that_looks_like_a_form_is_stored_as_it_is(
    sandbox: SandboxStatus, s3: S3Client, bucket: str
) -> None:
    """curl and urllib say so of any body that they send."""
    put_as_is(f"{sandbox.s3}/{bucket}/form", {"Content-Type": FORM}, b"a=b&c=%20")
    found = s3.get_object(Bucket=bucket, Key="form")
    assert (found["Body"].read(), found["ContentType"]) == (b"a=b&c=%20", FORM)


CRC32 = base64.b64encode(zlib.crc32(b"content").to_bytes(4, "big")).decode()
CHUNKED = {
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER": f"7\r\ncontent\r\n0\r\nx-amz-checksum-crc32:{CRC32}\r\n\r\n",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": "4;chunk-signature=a\r\ncont\r\n3;chunk-signature=b\r\nent\r\n"
    "0;chunk-signature=c\r\n\r\n",
}
"""Two ways of sending `content` in chunks (Signature V4, "Chunked upload", "Trailing headers")."""


@pytest.mark.parametrize("way", CHUNKED)
def test_an_object_may_be_sent_in_chunks(sandbox: SandboxStatus, s3: S3Client, bucket: str, way: str) -> None:
    """As the SDKs for JavaScript, Java and Go send streams."""
    lengths = {"x-amz-decoded-content-length": "7", "x-amz-content-sha256": way}
    lengths["Content-Type"] = "text/plain"
    headers = {**lengths, "Content-Encoding": "aws-chunked,gzip", "x-amz-trailer": "x-amz-checksum-crc32"}
    put_as_is(f"{sandbox.s3}/{bucket}/chunked", headers, CHUNKED[way].encode())
    found = s3.get_object(Bucket=bucket, Key="chunked")
    assert (found["Body"].read(), found["ContentEncoding"]) == (b"content", "gzip")
    summed = s3.head_object(Bucket=bucket, Key="chunked", ChecksumMode="ENABLED").get("ChecksumCRC32")
    assert summed in (CRC32, None)
