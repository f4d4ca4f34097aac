"""EC2's read calls: one narrow method for each. Parameters and errors as in the EC2 API reference.

Resources are looked up by filters rather than by ids, because a single id that no longer exists makes the
whole call fail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import urlsplit

from extenci.cloud.aws.calls import batches, ec2_call
from extenci.cloud.aws.responses import read_image, read_key_pair, read_machine, read_snapshot
from extenci.cloud.aws.session import ServiceSession
from extenci.model.errors import NotFound
from extenci.model.observed import Image, KeyPair, Machine, Snapshot
from extenci.model.ownership import STACK
from extenci.model.service import Service

PAGE = 1000
"""Results per page: the most that DescribeInstances, -Images and -Snapshots return."""
FEWEST = 5
"""The fewest results per page that DescribeInstances accepts."""
FILTER_VALUES = 200
"""The most values that the filters of a call may have."""


class Ec2:
    """The read calls of one service's EC2. Any thread may use it. Every method raises ServiceError and its
    kinds."""

    def __init__(self, session: ServiceSession) -> None:
        self._session = session

    def images(self) -> tuple[Image, ...]:
        """All images that the account owns, including disabled ones."""
        return tuple(
            map(read_image, self._pages("describe_images", "Images", **own_images(self._session.service)))
        )

    def images_by_name(self, name: str) -> tuple[Image, ...]:
        """The account's images with a name (at most one on AWS)."""
        found = self._pages(
            "describe_images",
            "Images",
            Filters=[_filter("name", [_literal(name)])],
            **own_images(self._session.service),
        )
        return tuple(image for image in map(read_image, found) if image.name == name)

    def root_device(self, image: str) -> str:
        """The name of an image's root device, whoever owns the image. NotFound if there is no such image."""
        with ec2_call(self._session, "DescribeImages") as ec2:
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
        """The account's snapshots with a stack's mark."""
        return self._snapshots("tag:" + STACK, [stack])

    def snapshots_by_id(self, ids: Sequence[str]) -> tuple[Snapshot, ...]:
        """The snapshots with these ids, as far as they exist and belong to the account."""
        return tuple(
            one for batch in batches(ids, FILTER_VALUES) for one in self._snapshots("snapshot-id", batch)
        )

    def machines(self, stack: str) -> tuple[Machine, ...]:
        """The machines with a stack's mark, including those that were terminated recently."""
        return self._machines("tag:" + STACK, [stack])

    def machines_by_id(self, ids: Sequence[str]) -> tuple[Machine, ...]:
        """The machines with these ids, as far as they exist."""
        return tuple(
            one for batch in batches(ids, FILTER_VALUES) for one in self._machines("instance-id", batch)
        )

    def machines_by_token(self, tokens: Sequence[str]) -> tuple[Machine, ...]:
        """The machines that were launched with these client tokens."""
        return tuple(
            one for batch in batches(tokens, FILTER_VALUES) for one in self._machines("client-token", batch)
        )

    def machines_of_image(self, image: str) -> tuple[Machine, ...]:
        """All machines of the account that were launched from an image, whoever launched them."""
        return self._machines("image-id", [image])

    def server_time(self) -> float | None:
        """The service's time (seconds since 1970), None if it does not tell. This is the cheapest way to find
        out whether the service answers."""
        with ec2_call(self._session, "DescribeInstances") as ec2:
            answer = ec2.describe_instances(MaxResults=FEWEST)
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        try:
            return parsedate_to_datetime(headers["date"]).timestamp()
        except (KeyError, ValueError):
            return None

    def key_pairs(self, prefix: str) -> tuple[KeyPair, ...]:
        """The key pairs whose names begin with a prefix, sorted by name."""
        with ec2_call(self._session, "DescribeKeyPairs") as ec2:
            found = ec2.describe_key_pairs()["KeyPairs"]
        mine = (one for one in found if one.get("KeyName", "").startswith(prefix))
        return tuple(sorted(map(read_key_pair, mine), key=lambda pair: pair.name))

    def console_output(self, machine: str) -> str:
        """The output of a machine's serial console, "" while the service has none."""
        with ec2_call(self._session, "GetConsoleOutput") as ec2:
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
        """All items of all pages. Unless pages are asked for, AWS sends everything at once, or fails if
        that is too much."""
        call = "".join(word.capitalize() for word in method.split("_"))
        with ec2_call(self._session, call) as ec2:
            pages = ec2.get_paginator(cast("Any", method)).paginate(
                **parameters, PaginationConfig={"PageSize": PAGE}
            )
            return [item for page in pages for item in cast("Any", page).get(items, ())]


def own_images(service: Service) -> dict[str, Any]:
    """DescribeImages' parameters for all images of the account.

    A disabled image keeps its name and its snapshots. Only AWS has such images; other services (OpenStack's
    ec2-api) refuse parameters that they do not know.
    """
    return {"Owners": ["self"], **({"IncludeDisabled": True} if is_like_aws(service) else {})}


def is_like_aws(service: Service) -> bool:
    """Whether a service has AWS's newer calls: it is AWS, or it has EBS direct, as only AWS does."""
    host = urlsplit(service.ec2 or "").hostname or ""
    return service.ec2 is None or service.ebs is not None or ".amazonaws.com" in host


def _filter(name: str, values: Sequence[str]) -> dict[str, Any]:
    return {"Name": name, "Values": list(values)}


def _literal(text: str) -> str:
    """A filter's value that matches literally: `*` and `?` would otherwise be wildcards."""
    return "".join("\\" + character if character in "\\*?" else character for character in text)
