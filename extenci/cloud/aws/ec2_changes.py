"""EC2's changing calls: one narrow method for each. Parameters and errors as in the EC2 API reference.

Only `extenci.cloud.journalled` makes them, and journals each first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from extenci.cloud.aws.calls import batches, ec2_call, import_call
from extenci.cloud.aws.ec2 import Ec2
from extenci.cloud.aws.imports import read_task
from extenci.cloud.aws.parameters import (
    LaunchRequest,
    RegisterRequest,
    register_parameters,
    run_parameters,
    tag_list,
    tag_specification,
)
from extenci.cloud.aws.session import ServiceSession
from extenci.model.s3 import ImportTask

IMPORT_TASK = "import-snapshot-task"
RESOURCES = 1000
"""The most resources that TerminateInstances, CreateTags and DeleteTags accept in one call."""


class Ec2Changes:
    """The changing calls of one service's EC2. Any thread may use it. Every method raises ServiceError and
    its kinds."""

    def __init__(self, session: ServiceSession) -> None:
        self._session = session
        self._reads = Ec2(session)

    def register_image(self, request: RegisterRequest) -> str:
        """Register an image; its id. The error's code is InvalidAMIName.Duplicate if the name is taken."""
        with ec2_call(self._session, "RegisterImage") as ec2:
            return ec2.register_image(**register_parameters(request))["ImageId"]

    def deregister_image(self, image: str) -> None:
        """Deregister an image; its snapshots stay. NotFound if there is no such image."""
        with ec2_call(self._session, "DeregisterImage") as ec2:
            ec2.deregister_image(ImageId=image)

    def delete_snapshot(self, snapshot: str) -> None:
        """Delete a snapshot. NotFound if there is no such snapshot, InUse while an image uses it."""
        with ec2_call(self._session, "DeleteSnapshot") as ec2:
            ec2.delete_snapshot(SnapshotId=snapshot)

    def run_instances(self, request: LaunchRequest) -> tuple[str, ...]:
        """Launch machines; their ids. The same token with the same request returns the same machines."""
        root_device = request.root_device
        if request.settings.root_volume is not None and root_device is None:
            root_device = self._reads.root_device(request.image)
        user_data = request.settings.user_data
        with ec2_call(self._session, "RunInstances", *((user_data,) if user_data else ())) as ec2:
            answer = ec2.run_instances(**run_parameters(request, root_device))
        return tuple(machine["InstanceId"] for machine in answer["Instances"])

    def terminate(self, ids: Sequence[str]) -> None:
        """Terminate machines; those that are terminated already are no error. NotFound names machines that
        never existed or were terminated long ago; then none of their batch of 1000 was terminated."""
        for batch in batches(ids, RESOURCES):
            with ec2_call(self._session, "TerminateInstances") as ec2:
                ec2.terminate_instances(InstanceIds=list(batch))

    def create_tags(self, ids: Sequence[str], tags: Mapping[str, str]) -> None:
        """Put tags on resources, replacing those with the same keys."""
        for batch in batches(ids, RESOURCES) if tags else ():
            with ec2_call(self._session, "CreateTags") as ec2:
                ec2.create_tags(Resources=list(batch), Tags=cast("Any", tag_list(tags)))

    def delete_tags(self, ids: Sequence[str], keys: Sequence[str]) -> None:
        """Take tags off resources, whatever their values."""
        for batch in batches(ids, RESOURCES) if keys else ():
            with ec2_call(self._session, "DeleteTags") as ec2:
                ec2.delete_tags(Resources=list(batch), Tags=[{"Key": key} for key in sorted(keys)])

    def create_key_pair(self, name: str, tags: Mapping[str, str]) -> str:
        """Make a key pair; its private key (PEM), which is secret and sent only once. The error's code is
        InvalidKeyPair.Duplicate if the name is taken."""
        specification = tag_specification("key-pair", tags)
        with ec2_call(self._session, "CreateKeyPair") as ec2:
            answer = ec2.create_key_pair(
                KeyName=name, **cast("Any", {"TagSpecifications": specification} if specification else {})
            )
        return answer["KeyMaterial"]

    def delete_key_pair(self, name: str) -> None:
        """Delete a key pair; one that does not exist is no error."""
        with ec2_call(self._session, "DeleteKeyPair") as ec2:
            ec2.delete_key_pair(KeyName=name)

    def import_snapshot(
        self, bucket: str, key: str, token: str, tags: Mapping[str, str], *, description: str = ""
    ) -> ImportTask:
        """Begin to import a raw disk from S3. The task gets the `tags`, its snapshot does not. The same token
        (at most 64 characters) with the same request returns the same task; with another request, the error's
        code is IdempotentParameterMismatch."""
        specification = tag_specification(IMPORT_TASK, tags)
        more = {"TagSpecifications": specification} if specification else {}
        with import_call(self._session, "ImportSnapshot") as ec2:
            answer = ec2.import_snapshot(
                ClientToken=token,
                Description=description,
                DiskContainer={"Format": "RAW", "UserBucket": {"S3Bucket": bucket, "S3Key": key}},
                **cast("Any", more),
            )
            return read_task(answer)
