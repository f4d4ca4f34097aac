"""EC2 APIs that are not AWS's: quirks of compute services."""

from __future__ import annotations

import re
import time
from xml.etree import ElementTree

from tests.matrix.proxies.http import Answer, Call, Quirk, ec2_error

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"


class DropsTags(Quirk):
    """Tags at creation are dropped in silence; CreateTags works (Eucalyptus before 2018)."""

    def before(self, call: Call) -> Answer | None:
        if (
            call.action not in ("", "DescribeInstances")
            and "TagSpecification.1.ResourceType" in call.parameters
        ):
            call.parameters = {
                key: value
                for key, value in call.parameters.items()
                if not key.startswith("TagSpecification.")
            }
        return None


class HidesImageLocations(Quirk):
    """DescribeImages without `imageLocation`."""

    def after(self, call: Call, answer: Answer) -> Answer:
        if call.action == "DescribeImages":
            answer.body = re.sub(
                rb"<imageLocation>[^<]*</imageLocation>|<imageLocation\s*/>", b"", answer.body
            )
        return answer


class Late(Quirk):
    """What was made is listed, and can be asked for by its id, only some seconds later."""

    _SECONDS = 3.0
    _IDS = re.compile(rb"<(?:instanceId|imageId)>([a-z]+-[0-9a-f]+)<|\"SnapshotId\": ?\"(snap-[0-9a-f]+)\"")
    _MAKES = ("RunInstances", "RegisterImage")

    def __init__(self) -> None:
        self._seen_from: dict[str, float] = {}

    def before(self, call: Call) -> Answer | None:
        if not call.action.startswith("Describe"):
            return None
        for key, value in call.parameters.items():
            if re.fullmatch(r"(InstanceId|ImageId|SnapshotId)\.\d+", key) and self._is_late(value):
                kind = key.partition("Id.")[0].replace("Image", "AMI")
                return ec2_error(400, f"Invalid{kind}ID.NotFound", f"{value} does not exist")
        return None

    def after(self, call: Call, answer: Answer) -> Answer:
        starts = call.service == "ebs" and call.method == "POST" and call.path == "/snapshots"
        if call.action in self._MAKES or starts:
            asked = set(call.parameters.values())
            for match in self._IDS.finditer(answer.body):
                made = (match[1] or match[2]).decode()
                if made not in asked:
                    self._seen_from.setdefault(made, time.monotonic() + self._SECONDS)
        if (
            call.action in ("DescribeInstances", "DescribeImages", "DescribeSnapshots")
            and answer.status == 200
        ):
            answer.body = _without(answer.body, self._is_late)
        return answer

    def _is_late(self, one: str) -> bool:
        return time.monotonic() < self._seen_from.get(one, 0)


def _without(body: bytes, is_hidden: object) -> bytes:
    """A list without the items that are hidden."""
    tree = ElementTree.fromstring(body)  # noqa: S314 - from a server of our own
    namespace = tree.tag.partition("}")[0].lstrip("{") if tree.tag.startswith("{") else ""
    assert callable(is_hidden)
    for parent in [*tree.iter()]:
        for item in [*parent]:
            ids = [item.findtext(f"{{{namespace}}}{name}" if namespace else name) for name in _ID_TAGS]
            if item.tag.endswith("item") and any(one and is_hidden(one) for one in _own_ids(parent, ids)):
                parent.remove(item)
    for parent in [*tree.iter()]:
        for item in [*parent]:
            machines = item.find(f"{{{namespace}}}instancesSet" if namespace else "instancesSet")
            if machines is not None and not len(machines):
                parent.remove(item)
    ElementTree.register_namespace("", namespace or NAMESPACE)
    return ElementTree.tostring(tree)


_ID_TAGS = ("instanceId", "imageId", "snapshotId")
_LISTS = {"instancesSet": 0, "imagesSet": 1, "snapshotSet": 2}


def _own_ids(parent: ElementTree.Element, ids: list[str | None]) -> list[str | None]:
    """Of the ids in an item, that which names the item itself: a machine's item names its image, too."""
    index = _LISTS.get(parent.tag.rpartition("}")[2])
    return [] if index is None else [ids[index]]


class RefusesFilter(Quirk):
    """A filter that the cloud does not know is refused."""

    def __init__(self, name: str) -> None:
        self._name = name

    def before(self, call: Call) -> Answer | None:
        if self._name in _filters(call):
            return ec2_error(400, "InvalidParameterValue", f"The filter '{self._name}' is invalid")
        return None


class IgnoresFilter(Quirk):
    """A filter that the cloud does not know is passed over: everything matches."""

    def __init__(self, name: str) -> None:
        self._name = name

    def before(self, call: Call) -> Answer | None:
        numbers = [number for number, name in _numbered(call) if name == self._name]
        if numbers:
            prefixes = tuple(f"Filter.{number}." for number in numbers)
            call.parameters = {k: v for k, v in call.parameters.items() if not k.startswith(prefixes)}
        return None


class BlindTagFilters(Quirk):
    """Filters by tags match nothing, though the tags are there (OpenStack's splits them at ":")."""

    def before(self, call: Call) -> Answer | None:
        parameters = call.parameters
        for number, name in _numbered(call):
            if name.startswith("tag"):
                parameters[f"Filter.{number}.Name"] = "tag:no-such-tag"
        if call.action:
            call.parameters = parameters
        return None


def _filters(call: Call) -> set[str]:
    return {name for _, name in _numbered(call)}


def _numbered(call: Call) -> list[tuple[str, str]]:
    if not call.action.startswith("Describe"):
        return []
    found = ((re.fullmatch(r"Filter\.(\d+)\.Name", key), value) for key, value in call.parameters.items())
    return [(match[1], value) for match, value in found if match]


class NoAction(Quirk):
    """Actions that the cloud does not have."""

    def __init__(self, *actions: str) -> None:
        self._actions = actions

    def before(self, call: Call) -> Answer | None:
        if call.action in self._actions:
            return ec2_error(
                400, "InvalidAction", f"The action {call.action} is not valid for this web service."
            )
        return None


class NoEbsDirect(Quirk):
    """No EBS direct APIs: whatever listens there does not know the path."""

    def before(self, call: Call) -> Answer | None:
        if call.service == "ebs":
            return Answer(404, [("Content-Type", "text/html")], b"<html><h1>404 Not Found</h1></html>")
        return None


class StrictParameters(Quirk):
    """A parameter that the cloud does not know ends in HTTP 500, as in OpenStack's ec2-api 17.0.0."""

    def before(self, call: Call) -> Answer | None:
        known = _KNOWN.get(call.action)
        if known is None:
            return None
        unknown = {key.partition(".")[0] for key in call.parameters} - {"Action", "Version", *known.split()}
        if unknown:
            text = f"TypeError: unexpected keyword argument '{min(unknown)}'"
            return ec2_error(500, "InternalError", text)
        return None


_KNOWN = {
    "DescribeImages": "ExecutableBy ImageId Owner Filter",
    "DescribeInstances": "InstanceId Filter MaxResults NextToken",
    "DescribeSnapshots": "SnapshotId Owner RestorableBy Filter MaxResults NextToken",
    "DescribeKeyPairs": "KeyName Filter",
    "CreateKeyPair": "KeyName",
    "RegisterImage": "Name ImageLocation Description Architecture RootDeviceName BlockDeviceMapping "
    "VirtualizationType KernelId RamdiskId SriovNetSupport",
    "RunInstances": "ImageId MinCount MaxCount KeyName SecurityGroupId SecurityGroup UserData InstanceType "
    "Placement KernelId RamdiskId BlockDeviceMapping Monitoring SubnetId DisableApiTermination "
    "InstanceInitiatedShutdownBehavior PrivateIpAddress ClientToken NetworkInterface IamInstanceProfile "
    "EbsOptimized",
}
"""The parameters of calls, as ec2-api 17.0.0 declares them; other calls take any."""
