"""EC2's changing calls: one narrow method for each. Parameters and errors as in the EC2 API reference.

Only `extenci.cloud.journalled` makes them, and journals each first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

from extenci.cloud.aws.calls import batches, ec2_call, import_call
from extenci.cloud.aws.ec2 import Ec2
from extenci.cloud.aws.imports import read_task
from extenci.cloud.aws.requests.optional_parts import change
from extenci.cloud.aws.requests.parameters import (
    LaunchRequest,
    RegisterRequest,
    register_parameters,
    register_parts,
    run_parameters,
    tag_list,
    tag_part,
)
from extenci.cloud.aws.requests.responses import read_key_pair
from extenci.cloud.aws.session import ServiceSession
from extenci.model.abilities import Ability
from extenci.model.errors import ServiceError
from extenci.model.journal import is_sure
from extenci.model.observed import KeyPair
from extenci.model.s3 import ImportTask

LOOKS = (0.0, 1.0, 2.0)
"""Pauses, in seconds, before each look for what a call without an answer has made."""
IMPORT_TASK = "import-snapshot-task"
RESOURCES = 1000
"""The most resources that TerminateInstances, CreateTags and DeleteTags accept in one call."""


class Ec2Changes:
    """The changing calls of one service's EC2. Any thread may use it. Every method raises ServiceError and
    its kinds."""

    def __init__(self, session: ServiceSession, sleep: Callable[[float], None] = time.sleep) -> None:
        self._session = session
        self._reads = Ec2(session)
        self._sleep = sleep

    def register_image(self, request: RegisterRequest) -> str:
        """Register an image of a snapshot; its id. The code InvalidAMIName.Duplicate: the name is taken."""

        def register(parts: Mapping[str, Any], attempts: int) -> str:
            with ec2_call(self._session, "RegisterImage", attempts=attempts) as ec2:
                return ec2.register_image(**register_parameters(request), **parts)["ImageId"]

        def find() -> str | None:
            return next((image.id for image in self._reads.images_by_name(request.name)), None)

        return change(self._session, register_parts(request), register, find, "RegisterImage")

    def deregister_image(self, image: str) -> None:
        """Deregister an image; its snapshots stay. NotFound if there is no such image."""
        with ec2_call(self._session, "DeregisterImage") as ec2:
            ec2.deregister_image(ImageId=image)

    def delete_snapshot(self, snapshot: str) -> None:
        """Delete a snapshot. NotFound if there is no such snapshot, InUse while an image uses it."""
        with ec2_call(self._session, "DeleteSnapshot") as ec2:
            ec2.delete_snapshot(SnapshotId=snapshot)

    def run_instances(self, request: LaunchRequest) -> tuple[str, ...]:
        """Launch machines; their ids. Where the service is known to heed tokens, the same token with the same
        request returns the same machines. Elsewhere the call is made once, and where nobody can know what
        came of it, its machines are looked for: by their token, and as those of the image that were not there
        before."""
        root_device = request.root_device
        if request.settings.root_volume is not None and root_device is None:
            root_device = self._reads.root_device(request.image)
        user_data = request.settings.user_data
        hidden = (user_data,) if user_data else ()
        parameters = run_parameters(request, root_device)

        is_safe = bool(request.token) and self._session.abilities.has(Ability.CLIENT_TOKEN)
        before = frozenset() if is_safe else self._ids_of_image(request.image)

        def run(parts: Mapping[str, Any], attempts: int) -> tuple[str, ...]:
            try:
                with ec2_call(
                    self._session, "RunInstances", *hidden, attempts=attempts if is_safe else 1
                ) as ec2:
                    answer = ec2.run_instances(**parameters, **parts)
                    return tuple(machine["InstanceId"] for machine in answer["Instances"])
            except ServiceError as error:
                if is_safe or is_sure(error) or (made := self._look_for(find)) is None:
                    raise
                return made

        def find() -> tuple[str, ...] | None:
            found = self._reads.machines_by_token([request.token] if request.token else [])
            if found or is_safe:
                return tuple(machine.id for machine in found) or None
            return tuple(sorted(self._ids_of_image(request.image) - before)) or None

        parts = {
            **({Ability.CLIENT_TOKEN: {"ClientToken": request.token}} if request.token else {}),
            **tag_part(Ability.TAG_INSTANCE, "instance", request.tags),
        }
        return change(self._session, parts, run, find, "RunInstances")

    def _ids_of_image(self, image: str) -> frozenset[str]:
        return frozenset(machine.id for machine in self._reads.machines_of_image(image))

    def _look_for(self, find: Callable[[], tuple[str, ...] | None]) -> tuple[str, ...] | None:
        """What a call has made whose answer was lost, with a little patience; None where nothing shows, or
        lists cannot be read now: then the next command looks again."""
        for pause in LOOKS:
            self._sleep(pause)
            with suppress(ServiceError):
                if (made := find()) is not None:
                    return made
        return None

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
        """Make a key pair; its private key (PEM), which is secret and told only once. The code
        InvalidKeyPair.Duplicate: the name is taken."""

        def create(parts: Mapping[str, Any], attempts: int) -> str:
            with ec2_call(self._session, "CreateKeyPair", attempts=attempts) as ec2:
                return ec2.create_key_pair(KeyName=name, **parts)["KeyMaterial"]

        def delete() -> None:
            """A key pair whose private key nobody got is of no use."""
            if any(pair.name == name for pair in self._reads.key_pairs(name)):
                self.delete_key_pair(name)

        parts = tag_part(Ability.TAG_KEY_PAIR, "key-pair", tags)
        return change(self._session, parts, create, delete, "CreateKeyPair")

    def import_key_pair(self, name: str, public_key: bytes, tags: Mapping[str, str]) -> KeyPair:
        """Make a key pair of a public key in OpenSSH's format. The code InvalidKeyPair.Duplicate: the name is
        taken."""

        def make(parts: Mapping[str, Any], attempts: int) -> KeyPair:
            with ec2_call(self._session, "ImportKeyPair", attempts=attempts) as ec2:
                answer = ec2.import_key_pair(KeyName=name, PublicKeyMaterial=public_key, **parts)
                return read_key_pair(cast("Any", answer))

        parts = tag_part(Ability.TAG_KEY_PAIR, "key-pair", tags)
        return change(self._session, parts, make, lambda: None, "ImportKeyPair")

    def delete_key_pair(self, name: str) -> None:
        """Delete a key pair; one that does not exist is no error."""
        with ec2_call(self._session, "DeleteKeyPair") as ec2:
            ec2.delete_key_pair(KeyName=name)

    def import_snapshot(
        self, bucket: str, key: str, token: str, tags: Mapping[str, str], *, description: str = ""
    ) -> ImportTask:
        """Begin to import a raw disk from S3. `tags` go on the task, not on its snapshot. The same token (at
        most 64 characters) and request again: the same task; with another request, the code
        IdempotentParameterMismatch."""

        def begin(parts: Mapping[str, Any], attempts: int) -> ImportTask:
            with import_call(self._session, "ImportSnapshot", attempts=attempts) as ec2:
                answer = ec2.import_snapshot(
                    ClientToken=token,
                    Description=description,
                    DiskContainer={"Format": "RAW", "UserBucket": {"S3Bucket": bucket, "S3Key": key}},
                    **parts,
                )
                return read_task(answer)

        parts = tag_part(Ability.TAG_IMPORT_TASK, IMPORT_TASK, tags)
        return change(self._session, parts, begin, lambda: None, "ImportSnapshot")
