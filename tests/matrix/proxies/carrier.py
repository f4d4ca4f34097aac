"""An EC2 that reads images from an S3 that is not its own.

The sandbox opens bundles and imports disks from its own S3 only. This stands between, and carries what a call
names from the foreign S3 to the sandbox's before it hands the call on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tests.matrix.clouds.cloud import BUCKET, KEYS, Cloud, OpenCloud, s3_client
from tests.matrix.clouds.sandbox import sandbox, to_cloud
from tests.matrix.proxies.http import Answer, Call, Quirk, ec2_error, proxy
from tests.matrix.proxies.s3 import UploadLedger
from tests.matrix.stores.store import OpenStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Carrier(Quirk):
    """Copies objects before the calls that read them."""

    def __init__(self, source: S3Client, target: S3Client) -> None:
        self._source, self._target = source, target

    def before(self, call: Call) -> Answer | None:
        parameters = call.parameters if call.action else {}
        location = parameters.get("ImageLocation")
        try:
            if call.action == "RegisterImage" and location:
                bucket, _, key = location.partition("/")
                self._carry(bucket, key.removesuffix(".manifest.xml"))
            elif call.action == "ImportSnapshot":
                prefix = "DiskContainer.UserBucket.S3"
                self._carry(parameters[f"{prefix}Bucket"], parameters[f"{prefix}Key"])
        except ClientError as error:
            return ec2_error(400, "InvalidParameterValue", f"S3 cannot be read: {error}")
        return None

    def _carry(self, bucket: str, prefix: str) -> None:
        for one in self._source.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
            body = self._source.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
            self._target.put_object(Bucket=bucket, Key=one["Key"], Body=body)


def with_store(open_store: OpenStore) -> OpenCloud:
    """The sandbox's EC2 and EBS, with the S3 of somebody else."""

    @contextmanager
    def open_it(folder: Path) -> Iterator[Cloud]:
        with sandbox(folder / "sandbox-home") as one, open_store(folder / "store") as s3:
            s3_client(s3).create_bucket(Bucket=BUCKET)
            target = s3_client(one.s3)
            target.create_bucket(Bucket=BUCKET)
            ledger = UploadLedger()
            with (
                proxy(one.ec2, [Carrier(s3_client(s3), target)]) as ec2,
                proxy(s3, [ledger]) as seen_s3,
            ):
                yield replace(
                    to_cloud(one),
                    ec2=ec2,
                    s3=seen_s3,
                    true_s3=s3,
                    bucket=BUCKET,
                    keys=KEYS,
                    unfinished=ledger.unfinished,
                )

    return open_it
