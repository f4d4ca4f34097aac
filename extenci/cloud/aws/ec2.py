"""EC2: one narrow method for each call. Parameters and errors as in the EC2 API reference.

Things are looked up by filters rather than by ids, because one id that no longer exists makes a whole
call fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from extenci.cloud.aws.errors import translated
from extenci.cloud.aws.parameters import (
    LaunchRequest,
    RegisterRequest,
    register_parameters,
    run_parameters,
    tag_list,
    tag_specification,
)
from extenci.cloud.aws.responses import read_image, read_key_pair, read_machine, read_snapshot
from extenci.cloud.aws.session import ServiceSession
from extenci.model.errors import NotFound, ServiceError
from extenci.model.observed import Image, KeyPair, Machine, Snapshot
from extenci.model.ownership import STACK
from extenci.model.service import Service

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

PAGE = 1000
"""Results a page: the most that DescribeInstances, -Images and -Snapshots give."""
FEWEST = 5
"""The fewest results a page that DescribeInstances may be asked for."""
FILTER_VALUES = 200
"""The most values that a call's filters may have."""
RESOURCES = 1000
"""The most resources that TerminateInstances, CreateTags and DeleteTags take at once."""


class Ec2:
    """EC2 of one service. Any thread may use it. Every method raises ServiceError and its kinds."""

    def __init__(self, session: ServiceSession) -> None:
        self._session = session

    def images(self) -> tuple[Image, ...]:
        """All images that the account owns, disabled ones too."""
        return tuple(
            map(read_image, self._pages("describe_images", "Images", **own_images(self._session.service)))
        )

    def images_by_name(self, name: str) -> tuple[Image, ...]:
        """The account's images of a name (at most one on AWS)."""
        found = self._pages(
            "describe_images",
            "Images",
            Filters=[_filter("name", [_literal(name)])],
            **own_images(self._session.service),
        )
        return tuple(image for image in map(read_image, found) if image.name == name)

    def root_device(self, image: str) -> str:
        """The name of an image's root device, whoever owns the image. NotFound where there is none."""
        with self._asking("DescribeImages") as ec2:
            found = ec2.describe_images(ImageIds=[image])["Images"]
        if not found:
            raise NotFound(
                f"The image {image} does not exist on the service {self._session.service.name}.",
                "Correct the image's id in the spec.",
                service=self._session.service.name,
                call="DescribeImages",
            )
        return found[0].get("RootDeviceName", "/dev/sda1")

    def snapshots(self, stack: str) -> tuple[Snapshot, ...]:
        """The account's snapshots that carry a stack's mark."""
        return self._snapshots("tag:" + STACK, [stack])

    def snapshots_by_id(self, ids: Sequence[str]) -> tuple[Snapshot, ...]:
        """Those of the snapshots that exist and are the account's."""
        return tuple(
            one for batch in _batches(ids, FILTER_VALUES) for one in self._snapshots("snapshot-id", batch)
        )

    def machines(self, stack: str) -> tuple[Machine, ...]:
        """Machines that carry a stack's mark, those that ended lately too."""
        return self._machines("tag:" + STACK, [stack])

    def machines_by_id(self, ids: Sequence[str]) -> tuple[Machine, ...]:
        """Those of the machines that exist."""
        return tuple(
            one for batch in _batches(ids, FILTER_VALUES) for one in self._machines("instance-id", batch)
        )

    def machines_by_token(self, tokens: Sequence[str]) -> tuple[Machine, ...]:
        """Machines that were launched with these client tokens."""
        return tuple(
            one for batch in _batches(tokens, FILTER_VALUES) for one in self._machines("client-token", batch)
        )

    def machines_of_image(self, image: str) -> tuple[Machine, ...]:
        """All machines of the account that were launched from an image, whosever they are."""
        return self._machines("image-id", [image])

    def register_image(self, request: RegisterRequest) -> str:
        """Register an image of a snapshot; its id. The code InvalidAMIName.Duplicate: the name is taken."""
        with self._asking("RegisterImage") as ec2:
            return ec2.register_image(**register_parameters(request))["ImageId"]

    def deregister_image(self, image: str) -> None:
        """Deregister an image; its snapshots stay. NotFound where there is none."""
        with self._asking("DeregisterImage") as ec2:
            ec2.deregister_image(ImageId=image)

    def delete_snapshot(self, snapshot: str) -> None:
        """Delete a snapshot. NotFound where there is none, InUse while an image uses it."""
        with self._asking("DeleteSnapshot") as ec2:
            ec2.delete_snapshot(SnapshotId=snapshot)

    def run_instances(self, request: LaunchRequest) -> tuple[str, ...]:
        """Launch machines; their ids. The same token and request again: the same machines."""
        root_device = request.root_device
        if request.settings.root_volume is not None and root_device is None:
            root_device = self.root_device(request.image)
        user_data = request.settings.user_data
        with self._asking("RunInstances", *((user_data,) if user_data else ())) as ec2:
            answer = ec2.run_instances(**run_parameters(request, root_device))
        return tuple(machine["InstanceId"] for machine in answer["Instances"])

    def terminate(self, ids: Sequence[str]) -> None:
        """End machines; those that ended already are no error. NotFound names those that never were,
        or ended long ago; then none of its thousand was ended."""
        for batch in _batches(ids, RESOURCES):
            with self._asking("TerminateInstances") as ec2:
                ec2.terminate_instances(InstanceIds=list(batch))

    def create_tags(self, ids: Sequence[str], tags: Mapping[str, str]) -> None:
        """Put tags on resources, in place of those of the same keys."""
        for batch in _batches(ids, RESOURCES) if tags else ():
            with self._asking("CreateTags") as ec2:
                ec2.create_tags(Resources=list(batch), Tags=cast("Any", tag_list(tags)))

    def delete_tags(self, ids: Sequence[str], keys: Sequence[str]) -> None:
        """Take tags off resources, whatever their values."""
        for batch in _batches(ids, RESOURCES) if keys else ():
            with self._asking("DeleteTags") as ec2:
                ec2.delete_tags(Resources=list(batch), Tags=[{"Key": key} for key in sorted(keys)])

    def server_time(self) -> float | None:
        """Asks for next to nothing: whether the service answers, and what time it has (seconds since the
        epoch), None where it does not say."""
        with self._asking("DescribeInstances") as ec2:
            answer = ec2.describe_instances(MaxResults=FEWEST)
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        try:
            return parsedate_to_datetime(headers["date"]).timestamp()
        except (KeyError, ValueError):
            return None

    def create_key_pair(self, name: str, tags: Mapping[str, str]) -> str:
        """Make a key pair; its private key (PEM), which is secret and told only once. The code
        InvalidKeyPair.Duplicate: the name is taken."""
        specification = tag_specification("key-pair", tags)
        with self._asking("CreateKeyPair") as ec2:
            answer = ec2.create_key_pair(
                KeyName=name, **cast("Any", {"TagSpecifications": specification} if specification else {})
            )
        return answer["KeyMaterial"]

    def delete_key_pair(self, name: str) -> None:
        """Delete a key pair; one that is not there is no error."""
        with self._asking("DeleteKeyPair") as ec2:
            ec2.delete_key_pair(KeyName=name)

    def key_pairs(self, prefix: str) -> tuple[KeyPair, ...]:
        """The key pairs whose names begin with a prefix, sorted by name."""
        with self._asking("DescribeKeyPairs") as ec2:
            found = ec2.describe_key_pairs()["KeyPairs"]
        mine = (one for one in found if one.get("KeyName", "").startswith(prefix))
        return tuple(sorted(map(read_key_pair, mine), key=lambda pair: pair.name))

    def console_output(self, machine: str) -> str:
        """What a machine wrote on its serial console, "" while the service has nothing of it."""
        with self._asking("GetConsoleOutput") as ec2:
            return ec2.get_console_output(InstanceId=machine).get("Output", "")

    def _snapshots(self, name: str, values: Sequence[str]) -> tuple[Snapshot, ...]:
        found = self._pages(
            "describe_snapshots", "Snapshots", OwnerIds=["self"], Filters=[_filter(name, values)]
        )
        return tuple(map(read_snapshot, found))

    def _machines(self, name: str, values: Sequence[str]) -> tuple[Machine, ...]:
        found = self._pages("describe_instances", "Reservations", Filters=[_filter(name, values)])
        return tuple(
            read_machine(machine) for reservation in found for machine in reservation.get("Instances", ())
        )

    def _pages(self, method: str, items: str, **parameters: Any) -> list[Mapping[str, Any]]:
        """All items of all pages. Not asked for pages, AWS gives everything at once, or too much to give."""
        call = "".join(word.capitalize() for word in method.split("_"))
        with self._asking(call) as ec2:
            pages = ec2.get_paginator(cast("Any", method)).paginate(
                **parameters, PaginationConfig={"PageSize": PAGE}
            )
            return [item for page in pages for item in cast("Any", page).get(items, ())]

    @contextmanager
    def _asking(self, call: str, *hidden: str) -> Iterator[EC2Client]:
        client: EC2Client = self._session.client("ec2")
        session = self._session
        with translated(session.service.name, call, session.address("ec2"), (*session.hidden(), *hidden)):
            try:
                yield client
            except KeyError as error:
                raise _incomplete(session.service.name, call, error) from None


def own_images(service: Service) -> dict[str, Any]:
    """DescribeImages' parameters for all images of the account.

    A disabled image still has its name and holds its snapshots; only AWS knows such images, and others
    (OpenStack's ec2-api) refuse parameters that they do not know.
    """
    return {"Owners": ["self"], **({"IncludeDisabled": True} if is_like_aws(service) else {})}


def is_like_aws(service: Service) -> bool:
    """Whether a service has AWS's newer calls: it is AWS, or offers EBS direct as AWS alone does."""
    host = urlsplit(service.ec2 or "").hostname or ""
    return service.ec2 is None or service.ebs is not None or ".amazonaws.com" in host


def _batches(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _filter(name: str, values: Sequence[str]) -> dict[str, Any]:
    return {"Name": name, "Values": list(values)}


def _literal(text: str) -> str:
    """A filter's value that stands for itself: `*` and `?` match anything otherwise."""
    return "".join("\\" + character if character in "\\*?" else character for character in text)


def _incomplete(service: str, call: str, error: KeyError) -> ServiceError:
    return ServiceError(
        f"The service {service} answered {call} without {error}.",
        "Check the service's URLs: something else may listen there.",
        service=service,
        call=call,
    )
