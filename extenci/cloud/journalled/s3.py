"""S3's changing calls, journalled. Parameters, results and errors as of `S3Changes`."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from extenci.cloud.aws.s3_changes import BINARY, S3Changes
from extenci.cloud.journalled.intents import Intents, Operation


class JournalledS3:
    """Changes objects of one service's S3. A call within an operation has the operation's intent."""

    def __init__(self, bare: S3Changes, intents: Intents) -> None:
        self._bare = bare
        self._intents = intents

    def put_object(
        self,
        bucket: str,
        key: str,
        data: bytes | io.RawIOBase,
        *,
        acl: str | None = None,
        content_type: str = BINARY,
        metadata: Mapping[str, str] | None = None,
        md5: bytes | None = None,
        within: Operation | None = None,
    ) -> str:
        """Store an object; its ETag."""
        shown = {"bucket": bucket, "key": key}
        with self._intents.writing("PutObject", request=shown, within=within) as settle:
            etag = self._bare.put_object(
                bucket, key, data, acl=acl, content_type=content_type, metadata=metadata, md5=md5
            )
            settle(shown)
        return etag

    def delete_objects(self, bucket: str, keys: Sequence[str], *, within: Operation | None = None) -> None:
        """Delete objects; those that are not there are no error."""
        shown = {"bucket": bucket, "keys": list(keys)}
        with self._intents.writing("DeleteObject", request=shown, within=within) as settle:
            self._bare.delete_objects(bucket, keys)
            settle(shown)

    def start_multipart(
        self, bucket: str, key: str, *, metadata: Mapping[str, str], tags: Mapping[str, str]
    ) -> str:
        """Begin an upload in parts; its id."""
        shown = {"bucket": bucket, "key": key}
        with self._intents.writing("CreateMultipartUpload", request=shown, tags=tags) as settle:
            upload = self._bare.start_multipart(bucket, key, metadata=metadata)
            settle({**shown, "upload": upload})
        return upload

    @contextmanager
    def sending_parts(
        self, bucket: str, key: str, upload: str, *, token: str, parts: int, held: int
    ) -> Iterator[PartUploads]:
        """Send parts into an upload, under one intent for all of them. `parts` is their final number, `held`
        the number that the upload has already."""
        shown = {"bucket": bucket, "key": key, "parts": parts, "held": held}
        operation = self._intents.begin("UploadPart", token=token, request=shown)
        try:
            yield PartUploads(self._bare, bucket, key, upload)
        finally:
            operation.done({"bucket": bucket, "key": key})

    def complete_multipart(self, bucket: str, key: str, upload: str, etags: Mapping[int, str]) -> None:
        """Make an object of an upload's parts."""
        shown = {"bucket": bucket, "key": key, "upload": upload, "parts": len(etags)}
        with self._intents.writing("CompleteMultipartUpload", request=shown) as settle:
            self._bare.complete_multipart(bucket, key, upload, etags)
            settle(shown)

    def abort_multipart(self, bucket: str, key: str, upload: str, *, within: Operation | None = None) -> None:
        """End an upload and delete its parts; one that is not there is no error."""
        shown = {"bucket": bucket, "key": key, "upload": upload}
        with self._intents.writing("AbortMultipartUpload", request=shown, within=within) as settle:
            self._bare.abort_multipart(bucket, key, upload)
            settle(shown)


class PartUploads:
    """Sends the parts of one upload, whose intent is journalled. Any thread may use it."""

    def __init__(self, bare: S3Changes, bucket: str, key: str, upload: str) -> None:
        self._bare = bare
        self._target = bucket, key, upload

    def put(self, number: int, data: bytes | io.RawIOBase, *, md5: bytes) -> str:
        """Send a part; its ETag. See `S3Changes.put_part`."""
        return self._bare.put_part(*self._target, number, data, md5=md5)

    def copy(self, number: int, source: str, *, md5: bytes) -> str:
        """Make a part of the whole object `source`, on the service; its ETag. See `S3Changes.copy_part`."""
        return self._bare.copy_part(*self._target, number, source, md5=md5)
