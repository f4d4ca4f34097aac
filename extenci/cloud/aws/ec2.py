"""EC2's read calls: one narrow method for each. Parameters and errors as in the EC2 API reference.

Resources are looked up by filters rather than by ids, because a single id that no longer exists makes the
whole call fail.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar, cast

from extenci.cloud.aws.answers.pages import bounded_items, bounded_pages
from extenci.cloud.aws.answers.retries import ATTEMPTS
from extenci.cloud.aws.calls import ec2_call
from extenci.cloud.aws.requests.lookup import Lookup, filter_of, literal, look_up
from extenci.cloud.aws.requests.optional_parts import Parts, ask
from extenci.cloud.aws.requests.responses import read_image, read_key_pair, read_machine, read_snapshot
from extenci.cloud.aws.session import ServiceSession
from extenci.model.abilities import Ability
from extenci.model.errors import NotFound
from extenci.model.observed import Image, KeyPair, Machine, Snapshot
from extenci.model.ownership import OWNER_CHARACTERS, ROOT, STACK

PAGE = 1000
"""Results per page: the most that DescribeInstances, -Images and -Snapshots return."""
Found = TypeVar("Found")
FEWEST = 5
"""The fewest results per page that DescribeInstances accepts."""
PAGE_SIZE = "page size"
"""The SDK's paging, among the parameters of a call."""


class Ec2:
    """The read calls of one service's EC2. Any thread may use it. Every method raises ServiceError and its
    kinds."""

    def __init__(self, session: ServiceSession) -> None:
        self._session = session

    def images(self) -> tuple[Image, ...]:
        """All images that the account owns, including disabled ones if the service has such: they keep their
        names and their snapshots."""
        parts = {Ability.INCLUDE_DISABLED: {"IncludeDisabled": True}}
        return tuple(self._pages("describe_images", "Images", _one(read_image), parts, Owners=["self"]))

    def images_by_name(self, name: str) -> tuple[Image, ...]:
        """The account's images with a name (at most one on AWS)."""
        if not self._session.abilities.has(Ability.FILTER_ID):
            return tuple(image for image in self.images() if image.name == name)
        found = self._pages(
            "describe_images",
            "Images",
            _one(read_image),
            {Ability.INCLUDE_DISABLED: {"IncludeDisabled": True}},
            Owners=["self"],
            Filters=[filter_of("name", [literal(name)])],
        )
        return tuple(image for image in found if image.name == name)

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

    def snapshots(self, stack: str | None, ids: Collection[str] = ()) -> tuple[Snapshot, ...]:
        """The account's snapshots that carry a stack's mark, or have one of these ids."""
        return self._snapshots(*of_stack(stack), of_ids("snapshot-id", ids))

    def snapshots_by_id(self, ids: Collection[str]) -> tuple[Snapshot, ...]:
        """The snapshots with these ids that exist and are the account's."""
        return self._snapshots(of_ids("snapshot-id", ids))

    def machines(
        self,
        stack: str | None,
        ids: Collection[str] = (),
        tokens: Collection[str] = (),
        owners: Collection[str] = (),
    ) -> tuple[Machine, ...]:
        """The machines that carry a stack's mark, have one of these ids, or were launched with one of these
        client tokens, or with one that begins with one of these `owner_code`s, including those that were
        terminated recently."""
        others = (of_tokens(tokens), of_owners(owners))
        return self._machines(*of_stack(stack), of_ids("instance-id", ids), *others)

    def all_machines(self) -> tuple[Machine, ...]:
        """The account's machines, whoever launched them, including those that were terminated recently."""
        return tuple(self._pages("describe_instances", "Reservations", _machines_of))

    def machines_by_id(self, ids: Collection[str]) -> tuple[Machine, ...]:
        """The machines with these ids that exist."""
        return self._machines(of_ids("instance-id", ids))

    def machines_by_token(self, tokens: Collection[str]) -> tuple[Machine, ...]:
        """The machines that were launched with these client tokens."""
        return self._machines(of_tokens(tokens))

    def machines_of_image(self, image: str) -> tuple[Machine, ...]:
        """All machines of the account that were launched from an image, whoever launched them."""
        return self._machines(Lookup(Ability.FILTER_ID, "image-id", (image,), lambda one: one.image == image))

    def machines_of_root(self, root: str) -> tuple[Machine, ...]:
        """The machines that carry a root's mark, whatever their stack."""
        return self._machines(of_tag(ROOT, root))

    def server_time(self) -> float | None:
        """The service's time (seconds since 1970), None if it does not tell. This is the cheapest way to find
        out whether the service answers."""

        def describe(parts: Mapping[str, Any], attempts: int) -> Mapping[str, Any]:
            with ec2_call(self._session, "DescribeInstances", attempts=attempts) as ec2:
                return cast("Any", ec2).describe_instances(**parts)  # type: ignore[no-any-return]

        parts = {Ability.PAGING: {"MaxResults": FEWEST}}
        answer = ask(self._session, parts, describe, "DescribeInstances")
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        try:
            return parsedate_to_datetime(headers["date"]).timestamp()
        except (KeyError, ValueError):
            return None

    def key_pairs(self, prefix: str) -> tuple[KeyPair, ...]:
        """The key pairs whose names begin with a prefix, sorted by name."""
        with ec2_call(self._session, "DescribeKeyPairs") as ec2:
            found = list(map(read_key_pair, ec2.describe_key_pairs().get("KeyPairs", ())))
        mine = (pair for pair in found if pair.name.startswith(prefix))
        return tuple(sorted(mine, key=lambda pair: pair.name))

    def console_output(self, machine: str) -> str:
        """The output of a machine's serial console, "" while the service has none."""
        with ec2_call(self._session, "GetConsoleOutput") as ec2:
            return ec2.get_console_output(InstanceId=machine).get("Output", "")

    def user_data(self, machine: str) -> str:
        """The user data that a machine was started with, in base64; "" where it had none."""
        with ec2_call(self._session, "DescribeInstanceAttribute") as ec2:
            answer = ec2.describe_instance_attribute(InstanceId=machine, Attribute="userData")
            return answer.get("UserData", {}).get("Value", "")

    def _snapshots(self, *lookups: Lookup[Snapshot]) -> tuple[Snapshot, ...]:
        def read(filters: Mapping[str, Any], attempts: int) -> list[Snapshot]:
            return self._pages(
                "describe_snapshots",
                "Snapshots",
                _one(read_snapshot),
                attempts=attempts,
                OwnerIds=["self"],
                **filters,
            )

        return look_up(self._session.abilities, lookups, read)

    def _machines(self, *lookups: Lookup[Machine]) -> tuple[Machine, ...]:
        def read(filters: Mapping[str, Any], attempts: int) -> list[Machine]:
            return self._pages(
                "describe_instances", "Reservations", _machines_of, attempts=attempts, **filters
            )

        return look_up(self._session.abilities, lookups, read)

    def _pages(
        self,
        method: str,
        items: str,
        read_item: Callable[[Any], Iterable[Found]],
        parts: Parts | None = None,
        *,
        attempts: int = ATTEMPTS,
        **parameters: Any,
    ) -> list[Found]:
        """What `read_item` makes of all items of all pages. Unless pages are asked for, AWS sends everything
        at once, or fails if that is too much."""
        limits = self._session.limits
        call = "".join(word.capitalize() for word in method.split("_"))

        def read(optional: Mapping[str, Any], most_attempts: int) -> list[Found]:
            with ec2_call(self._session, call, attempts=min(attempts, most_attempts)) as ec2:
                more = {name: value for name, value in optional.items() if name != PAGE_SIZE}
                paging = {"PageSize": optional[PAGE_SIZE]} if PAGE_SIZE in optional else {}
                pages = ec2.get_paginator(cast("Any", method)).paginate(
                    **parameters, **more, PaginationConfig=paging
                )
                listed = (item for page in bounded_pages(pages, limits) for item in page.get(items, ()))
                return list(bounded_items((one for item in listed for one in read_item(item)), limits))

        return ask(self._session, {**(parts or {}), Ability.PAGING: {PAGE_SIZE: PAGE}}, read, call)


def _one(read: Callable[[Any], Found]) -> Callable[[Any], Iterable[Found]]:
    """The reader of a list's item that stands for one resource."""
    return lambda item: (read(item),)


def _machines_of(reservation: Mapping[str, Any]) -> Iterable[Machine]:
    return map(read_machine, reservation.get("Instances", ()))


def of_stack(stack: str | None) -> tuple[Lookup[Any], ...]:
    """Looks for resources that carry a stack's mark."""
    if stack is None:
        return ()
    return (of_tag(STACK, stack),)


def of_tag(key: str, value: str) -> Lookup[Any]:
    """Looks for resources with a tag."""
    return Lookup(Ability.FILTER_TAG, "tag:" + key, (value,), lambda one: one.tags.get(key) == value)


def of_ids(name: str, ids: Collection[str]) -> Lookup[Any]:
    """Looks for resources by id."""
    wanted = frozenset(ids)
    return Lookup(Ability.FILTER_ID, name, tuple(sorted(wanted)), lambda one: one.id in wanted)


def of_owners(codes: Collection[str]) -> Lookup[Machine]:
    """Looks for machines by the owner that their client token tells."""
    wanted = frozenset(codes)
    return Lookup(
        None, "client-token", tuple(sorted(wanted)), lambda one: one.token[:OWNER_CHARACTERS] in wanted
    )


def of_tokens(tokens: Collection[str]) -> Lookup[Machine]:
    """Looks for machines by client token."""
    wanted = frozenset(tokens)
    return Lookup(
        Ability.FILTER_TOKEN, "client-token", tuple(sorted(wanted)), lambda one: one.token in wanted
    )
