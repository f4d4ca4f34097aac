"""What is on a cloud, counted from outside: machines, images, snapshots, objects, uploads and key pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from botocore.exceptions import ClientError

from tests.matrix.clouds.cloud import Cloud

GONE = {"terminated", "shutting-down"}
_OF_MOTO = "Auto-created snapshot for AMI"
"""moto makes a snapshot of its own for each AMI, and never removes it."""


@dataclass(frozen=True)
class Census:
    """Ids of what there is. `ended` are machines that once ran and are listed still."""

    machines: tuple[str, ...]
    ended: tuple[str, ...]
    images: tuple[str, ...]
    snapshots: tuple[str, ...]
    objects: tuple[str, ...]
    uploads: tuple[str, ...]
    key_pairs: tuple[str, ...]

    @property
    def left(self) -> dict[str, tuple[str, ...]]:
        """Everything that is there, by its kind."""
        return {kind: ids for kind, ids in vars(self).items() if ids and kind != "ended"}

    @property
    def untouched(self) -> bool:
        """Whether nothing is there, and no machine ever was."""
        return not self.left and not self.ended

    def __str__(self) -> str:
        kinds = {kind: ids for kind, ids in vars(self).items() if ids}
        return ", ".join(f"{len(ids)} {kind} ({ids[0]} …)" for kind, ids in kinds.items()) or "nothing"


def take(cloud: Cloud) -> Census:
    """Counts what is on a cloud now. Raises botocore's errors."""
    states = dict(_machines(cloud))
    return Census(
        machines=tuple(one for one, state in states.items() if state not in GONE),
        ended=tuple(one for one, state in states.items() if state in GONE),
        images=tuple(_images(cloud)),
        snapshots=tuple(_snapshots(cloud)),
        objects=tuple(_objects(cloud)),
        uploads=tuple(_uploads(cloud)),
        key_pairs=tuple(_key_pairs(cloud)),
    )


def _key_pairs(cloud: Cloud) -> Iterator[str]:
    """Names; none on a cloud that has no key pairs at all."""
    try:
        found = cloud.ec2_client.describe_key_pairs()["KeyPairs"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidAction":
            raise
        return
    yield from (one["KeyName"] for one in found)


def _machines(cloud: Cloud) -> Iterator[tuple[str, str]]:
    """Ids and states, page by page: moto answers a hundred at a time even where nobody asks for pages."""
    for page in cloud.ec2_client.get_paginator("describe_instances").paginate():
        for reservation in page["Reservations"]:
            for one in reservation["Instances"]:
                yield one["InstanceId"], one["State"]["Name"]


def _images(cloud: Cloud) -> Iterator[str]:
    for one in cloud.ec2_client.describe_images(Owners=["self"])["Images"]:
        yield one["ImageId"]


def _snapshots(cloud: Cloud) -> Iterator[str]:
    for one in cloud.ec2_client.describe_snapshots(OwnerIds=["self"])["Snapshots"]:
        if not one.get("Description", "").startswith(_OF_MOTO):
            yield one["SnapshotId"]


def _objects(cloud: Cloud) -> Iterator[str]:
    for one in cloud.s3_client.list_objects_v2(Bucket=cloud.bucket).get("Contents", []):
        yield one["Key"]


def _uploads(cloud: Cloud) -> Iterator[str]:
    """Uploads that were not finished."""
    if cloud.unfinished is not None:
        yield from cloud.unfinished()
        return
    for one in cloud.s3_client.list_multipart_uploads(Bucket=cloud.bucket).get("Uploads", []):
        yield one["Key"]
