"""All that is on a cloud, whoever's it is: asked of the cloud itself, with plain clients."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_s3 import S3Client

BUCKET = "extenci"
REGION = "us-east-1"
GONE = {"terminated", "shutting-down"}
_CONFIG = Config(
    s3={"addressing_style": "path"},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


@dataclass(frozen=True)
class Thing:
    """One resource. `facts` are what must not change of what is somebody else's."""

    kind: str
    id: str
    tags: Mapping[str, str] = field(default_factory=dict, compare=False)
    facts: tuple[str, ...] = field(default=(), compare=False)

    @property
    def stack(self) -> str:
        return self.tags.get("extenci:stack", "")

    def __str__(self) -> str:
        role = self.tags.get("extenci:role")
        words = [self.kind, self.id, *self.facts[:1], *([f"role {role}"] if role else [])]
        return " ".join(words)


@dataclass(frozen=True)
class State:
    """Everything, at one moment; machines that have ended are not there."""

    things: frozenset[Thing]

    def of(self, kind: str) -> list[Thing]:
        """The things of a kind, in order."""
        return sorted((one for one in self.things if one.kind == kind), key=lambda one: one.id)

    def new_since(self, before: State) -> State:
        """What is here and was not there."""
        return State(self.things - before.things)

    def lost_of(self, before: State) -> list[Thing]:
        """What was there, and is gone or changed."""
        now = {(one.kind, one.id): one for one in self.things}
        return [
            one
            for one in sorted(before.things, key=lambda one: (one.kind, one.id))
            if (found := now.get((one.kind, one.id))) is None
            or found.facts != one.facts
            or found.tags != one.tags
        ]

    def __str__(self) -> str:
        return "; ".join(str(one) for one in sorted(self.things, key=lambda one: (one.kind, one.id)))


_MAKING = threading.Lock()


@functools.cache
def _session() -> boto3.Session:
    """One for all: it keeps the models of the APIs, which are large."""
    return boto3.Session("AKIALABTRUTH0000000", "truth", region_name=REGION)


class Truth:
    """The cloud's own word."""

    def __init__(self, ec2: str, s3: str) -> None:
        self._urls = {"ec2": ec2, "s3": s3}

    @functools.cached_property
    def ec2(self) -> EC2Client:
        return self._client("ec2")  # type: ignore[no-any-return]

    @functools.cached_property
    def s3(self) -> S3Client:
        return self._client("s3")  # type: ignore[no-any-return]

    def _client(self, api: str) -> Any:
        with _MAKING:  # a session is for one thread at a time
            return _session().client(api, endpoint_url=self._urls[api], config=_CONFIG)  # type: ignore[call-overload]

    def close(self) -> None:
        """Closes the connections."""
        self.ec2.close()
        self.s3.close()

    def state(self) -> State:
        """Reads everything."""
        return State(frozenset([*self._machines(), *self._made_of_disks(), *self._keys(), *self._objects()]))

    def clear(self, keep: State) -> None:
        """Removes all but what is to be kept, so that the next try begins as this one did."""
        for one in self.state().new_since(keep).things:
            try:
                self._remove(one)
            except ClientError:
                continue  # it went with something else
        for snapshot in self.state().new_since(keep).of("snapshot"):
            self.ec2.delete_snapshot(SnapshotId=snapshot.id)

    def _remove(self, one: Thing) -> None:
        match one.kind:
            case "machine":
                self.ec2.terminate_instances(InstanceIds=[one.id])
            case "image":
                self.ec2.deregister_image(ImageId=one.id)
            case "snapshot":
                self.ec2.delete_snapshot(SnapshotId=one.id)
            case "key pair":
                self.ec2.delete_key_pair(KeyName=one.id)
            case "object":
                self.s3.delete_object(Bucket=BUCKET, Key=one.id)
            case _:
                key, _, upload = one.id.rpartition("#")
                self.s3.abort_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload)

    def _machines(self) -> Iterator[Thing]:
        for page in self.ec2.get_paginator("describe_instances").paginate():
            for reservation in page["Reservations"]:
                for one in reservation["Instances"]:
                    if one["State"]["Name"] not in GONE:
                        token = one.get("ClientToken", "")
                        facts = (one["ImageId"], one["InstanceType"], f"token {token}")
                        yield Thing("machine", one["InstanceId"], _tags(one.get("Tags", [])), facts)

    def _made_of_disks(self) -> Iterator[Thing]:
        for image in self.ec2.describe_images(Owners=["self"])["Images"]:
            mapped = [each.get("Ebs", {}).get("SnapshotId", "") for each in image["BlockDeviceMappings"]]
            facts = (image.get("Name", ""), *mapped)
            yield Thing("image", image["ImageId"], _tags(image.get("Tags", [])), facts)
        for one in self.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]:
            yield Thing("snapshot", one["SnapshotId"], _tags(one.get("Tags", [])), (one["State"],))

    def _keys(self) -> Iterator[Thing]:
        for one in self.ec2.describe_key_pairs()["KeyPairs"]:
            yield Thing("key pair", one["KeyName"])

    def _objects(self) -> Iterator[Thing]:
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
            for one in page.get("Contents", []):
                yield Thing("object", one["Key"], facts=(one["ETag"],))
        for upload in self.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []):
            yield Thing("upload", f"{upload['Key']}#{upload['UploadId']}")


def _tags(found: Iterable[Any]) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in found if not one["Key"].startswith("aws:")}
