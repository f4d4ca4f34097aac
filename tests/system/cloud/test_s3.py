from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pytest

from extenci.cloud.aws.s3_changes import SMALLEST_PART
from extenci.cloud.clients import Clients
from extenci.model.errors import AccessRefused, NotFound, ServiceError
from extenci.model.service import SANDBOX_BUCKET

BUCKET = SANDBOX_BUCKET


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@pytest.fixture
def prefix() -> str:
    return f"tests/{uuid4().hex}/"


def test_an_object_is_stored_described_listed_read_and_deleted(clients: Clients, prefix: str) -> None:
    s3, changes, key, data = (
        clients.s3,
        clients.unjournalled.s3,
        f"{prefix}a +é&.part",
        bytes(range(256)) * 10_000,
    )
    etag = changes.put_object(BUCKET, key, data, metadata={"digest": "abc"})
    info = s3.object_info(BUCKET, key)
    assert info is not None
    assert (info.size, info.etag, info.metadata) == (
        len(data),
        md5(data),
        {"digest": "abc"},
    )
    assert info.etag == etag
    assert [(one.key, one.size) for one in s3.list_objects(BUCKET, prefix)] == [(key, len(data))]
    assert b"".join(s3.get_object(BUCKET, key)) == data
    changes.delete_object(BUCKET, key)
    assert s3.object_info(BUCKET, key) is None
    changes.delete_object(BUCKET, key)


def test_a_list_of_more_than_a_page_is_whole(clients: Clients, prefix: str) -> None:
    keys = [f"{prefix}{number:04}" for number in range(1003)]
    for key in keys:
        clients.unjournalled.s3.put_object(BUCKET, key, b"x")
    assert [one.key for one in clients.s3.list_objects(BUCKET, prefix)] == keys
    clients.unjournalled.s3.delete_objects(BUCKET, keys)
    assert list(clients.s3.list_objects(BUCKET, prefix)) == []


def test_an_object_is_read_from_where_a_download_stopped(clients: Clients, prefix: str) -> None:
    data = hashlib.sha256(b"seed").digest() * 100_000
    etag = clients.unjournalled.s3.put_object(BUCKET, f"{prefix}a", data)
    pieces = list(clients.s3.get_object(BUCKET, f"{prefix}a", 1_234_567, etag=etag))
    assert b"".join(pieces) == data[1_234_567:]
    assert max(map(len, pieces)) <= 1024**2
    with pytest.raises(ServiceError) as past:
        list(clients.s3.get_object(BUCKET, f"{prefix}a", len(data)))
    assert past.value.code == "InvalidRange"


def test_an_object_that_changed_is_not_taken_for_the_rest_of_another(clients: Clients, prefix: str) -> None:
    etag = clients.unjournalled.s3.put_object(BUCKET, f"{prefix}a", b"old content")
    clients.unjournalled.s3.put_object(BUCKET, f"{prefix}a", b"new content")
    with pytest.raises(ServiceError) as changed:
        list(clients.s3.get_object(BUCKET, f"{prefix}a", 4, etag=etag))
    assert changed.value.code == "PreconditionFailed"


def test_what_is_missing_is_told_as_missing(clients: Clients, prefix: str) -> None:
    with pytest.raises(NotFound):
        list(clients.s3.get_object(BUCKET, f"{prefix}nothing"))
    with pytest.raises(NotFound) as missing:
        clients.unjournalled.s3.put_object("no-such-bucket", "key", b"x")
    assert "Create the bucket no-such-bucket, or name another as `bucket:`" in missing.value.hint
    with pytest.raises(NotFound):
        clients.s3.parts(BUCKET, f"{prefix}a", "nothing")


def test_parts_become_an_object(clients: Clients, prefix: str) -> None:
    s3, changes, key = clients.s3, clients.unjournalled.s3, f"{prefix}disk.raw"
    first, last = b"a" * SMALLEST_PART, b"end"
    upload = changes.start_multipart(BUCKET, key)
    etags = {
        2: changes.put_part(BUCKET, key, upload, 2, last),
        1: changes.put_part(BUCKET, key, upload, 1, first),
    }
    assert [(one.key, one.id) for one in s3.multipart_uploads(BUCKET, prefix)] == [(key, upload)]
    assert [(one.number, one.etag, one.size) for one in s3.parts(BUCKET, key, upload) or ()] == [
        (1, md5(first), len(first)),
        (2, md5(last), len(last)),
    ]
    changes.complete_multipart(BUCKET, key, upload, etags)
    assert b"".join(s3.get_object(BUCKET, key)) == first + last
    assert s3.multipart_uploads(BUCKET, prefix) == ()
    with pytest.raises(NotFound):
        s3.parts(BUCKET, key, upload)


def test_an_upload_that_is_aborted_leaves_nothing(clients: Clients, prefix: str) -> None:
    upload = clients.unjournalled.s3.start_multipart(BUCKET, f"{prefix}a")
    clients.unjournalled.s3.put_part(BUCKET, f"{prefix}a", upload, 1, b"x")
    clients.unjournalled.s3.abort_multipart(BUCKET, f"{prefix}a", upload)
    clients.unjournalled.s3.abort_multipart(BUCKET, f"{prefix}a", upload)
    assert clients.s3.multipart_uploads(BUCKET, prefix) == ()


def test_a_part_can_be_a_copy_of_an_object(clients: Clients, prefix: str) -> None:
    s3, changes, key, zeros = clients.s3, clients.unjournalled.s3, f"{prefix}disk.raw", bytes(SMALLEST_PART)
    changes.put_object(BUCKET, f"{prefix}zeros", zeros)
    upload = changes.start_multipart(BUCKET, key)
    etag = changes.copy_part(BUCKET, key, upload, 1, f"{prefix}zeros")
    assert etag == md5(zeros)
    changes.complete_multipart(
        BUCKET, key, upload, {1: etag, 2: changes.put_part(BUCKET, key, upload, 2, b"end")}
    )
    assert b"".join(s3.get_object(BUCKET, key)) == zeros + b"end"


def test_a_body_that_was_damaged_on_the_way_is_refused(clients: Clients, prefix: str) -> None:
    upload = clients.unjournalled.s3.start_multipart(BUCKET, f"{prefix}a")
    with pytest.raises(ServiceError) as damaged:
        clients.unjournalled.s3.put_part(
            BUCKET, f"{prefix}a", upload, 1, b"damaged", md5=bytes.fromhex(md5(b"whole"))
        )
    assert damaged.value.code == "BadDigest"
    assert clients.s3.parts(BUCKET, f"{prefix}a", upload) == ()


def test_a_service_without_a_bucket_says_how_to_name_one(clients: Clients) -> None:
    with pytest.raises(ServiceError) as none:
        _ = clients.s3.bucket
    assert "has no bucket" in none.value.message
    assert "`bucket:`" in none.value.hint
    named = Clients(replace(clients.service, bucket="mine"))
    assert named.s3.bucket == "mine"


def test_keys_that_the_service_does_not_know_are_refused(with_keys: Callable[..., Clients]) -> None:
    with pytest.raises(AccessRefused) as refused:
        with_keys("AKIADENIED0000000000").unjournalled.s3.put_object(BUCKET, "key", b"x")
    assert refused.value.code == "InvalidAccessKeyId"
