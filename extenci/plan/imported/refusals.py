"""Resources that cannot be imported, and why."""

from __future__ import annotations

from collections.abc import Mapping

from extenci.model.address import Address
from extenci.model.desired import Desired
from extenci.model.errors import PlanError
from extenci.model.observed import Image, Machine, Snapshot
from extenci.model.ownership import Marks, Role

AMAZONS = "aws:"
"""The prefix of tags that only AWS itself sets."""
KEEPERS: Mapping[str, str] = {
    "aws:autoscaling:groupName": "an Auto Scaling group",
    "aws:cloudformation:stack-name": "a CloudFormation stack",
    "aws:ec2:fleet-id": "an EC2 fleet",
    "aws:ec2spot:fleet-request-id": "a spot fleet",
    "eks:cluster-name": "an EKS cluster",
}
"""Tags of machines that something else looks after, which would launch them again."""
NOTHING_DONE = "Nothing was done."


def require_free(thing: Image | Snapshot | Machine, desired: Desired, address: Address) -> None:
    """PlanError where a resource is somebody else's, or has another place in this stack. What carries no
    marks, was made manually, or is at the address already, may be imported."""
    marks = thing.marks
    if marks is None:
        require_unkept(thing, address)
        return
    shown = f"{thing.id} on {address.service}"
    if marks.stack != desired.stack:
        raise PlanError(
            f"{shown} belongs to the stack {marks.stack}, not to {desired.stack}.",
            f"{NOTHING_DONE} Take it out of that stack first, or import it where the specs of {marks.stack} "
            "are.",
        )
    require_own_root(marks, desired, shown)
    if marks.service != address.service:
        raise PlanError(
            f"{shown} is {marks.address} of this stack, which reaches the account by another service file.",
            f"{NOTHING_DONE} Import it as {marks.address}.",
        )
    if marks.role is Role.TEST:
        raise PlanError(
            f"{shown} is a test VM of {marks.address}: it ends once that is verified.",
            f"{NOTHING_DONE} `extenci confirm {marks.address} --yes` says that the image works.",
        )
    if marks.role is Role.POOL and marks.address != address and not isinstance(thing, Snapshot):
        raise PlanError(
            f"{shown} is already managed: it is {marks.address} of the stack {desired.stack}.",
            f"{NOTHING_DONE} One resource has one address.",
        )


def require_own_root(marks: Marks, desired: Desired, shown: str) -> None:
    """PlanError where another spec root of the same stack name has made a resource."""
    if marks.root_id and desired.root_id and marks.root_id != desired.root_id:
        raise PlanError(
            f"{shown} belongs to another spec root, {marks.root_id}, whose stack has the same name.",
            f"{NOTHING_DONE} Give one of the two another `stack:` in its extenci.yaml.",
        )


def require_unkept(thing: Image | Snapshot | Machine, address: Address) -> None:
    """PlanError where something other than a person looks after a resource."""
    keeper = next((text for key, text in KEEPERS.items() if key in thing.tags), None)
    if keeper is not None:
        raise PlanError(
            f"{thing.id} on {address.service} belongs to {keeper}, which would launch it again when extenci "
            "replaces it.",
            f"{NOTHING_DONE} Leave it there, or detach it first.",
        )


def require_unprotected(thing: Image | Machine, *, protect: bool, origin: str) -> None:
    """PlanError where a resource is protected, and the entry that it would belong to says otherwise: the
    import would take its protection away."""
    if thing.marks is not None and thing.marks.protect and not protect:
        raise PlanError(
            f"{thing.id} is protected (tag extenci:protect), and its entry at {origin} does not say so.",
            f"{NOTHING_DONE} Write `protect: true` there.",
        )


def own_tags(thing: Image | Machine) -> dict[str, str]:
    """The tags of a resource that a spec may name: those that are neither extenci's nor AWS's."""
    return {
        key: value
        for key, value in sorted(thing.tags.items())
        if not key.lower().startswith((AMAZONS, "extenci:"))
    }
