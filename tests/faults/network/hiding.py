"""Eventual consistency: what was made is found by its id, then listed, then shown with its tags, each later
("Eventual consistency in the Amazon EC2 API"). Actions on it work at once.
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from tests.faults.network.call import Answer, Call

_MADE = {
    "RunInstances": re.compile(r"<instanceId>(i-[0-9a-f]+)<"),
    "RegisterImage": re.compile(r"<imageId>(ami-[0-9a-f]+)<"),
    "ImportSnapshot": re.compile(r"<importTaskId>([^<]+)<"),
    "DescribeImportSnapshotTasks": re.compile(r"<snapshotId>(snap-[0-9a-f]+)<"),
    "CreateKeyPair": re.compile(r"<keyName>([^<]+)<"),
}
_LISTS = {
    "DescribeInstances": ("instancesSet", "instanceId"),
    "DescribeImages": ("imagesSet", "imageId"),
    "DescribeSnapshots": ("snapshotSet", "snapshotId"),
    "DescribeImportSnapshotTasks": ("importSnapshotTaskSet", "importTaskId"),
    "DescribeKeyPairs": ("keySet", "keyName"),
}
_ASKED = re.compile(r"(InstanceId|ImageId|SnapshotId|ImportTaskId|KeyName)\.\d+")
_MISSING = {
    "InstanceId": "InvalidInstanceID.NotFound",
    "ImageId": "InvalidAMIID.NotFound",
    "SnapshotId": "InvalidSnapshot.NotFound",
    "ImportTaskId": "InvalidConversionTaskId.Malformed",
    "KeyName": "InvalidKeyPair.NotFound",
}


@dataclass(frozen=True)
class Visible:
    """From when on (of the monotonic clock) something made shows."""

    by_id: float
    in_lists: float
    with_tags: float


class Hiding:
    """Hides what was made for up to `seconds`: how long each is a matter of the seed and of its turn."""

    def __init__(self, seed: str, seconds: float) -> None:
        self._rng = random.Random(seed)  # noqa: S311 - no secret
        self._seconds = seconds
        self._made: dict[str, Visible] = {}
        self._lock = threading.Lock()

    def reveal(self) -> None:
        """Time passes: everything shows, also what is made later."""
        self._seconds = 0.0
        self._made.clear()

    def handle(self, call: Call, forward: Callable[[], Answer]) -> Answer:
        """The answer to a call, without what does not show yet."""
        hidden = self._asked_for(call)
        if hidden:
            return hidden
        answer = forward()
        self.note(call, answer)
        if answer.status == 200 and call.action in _LISTS and self._made:
            answer.body = self._without(call, answer.body)
        return answer

    def _asked_for(self, call: Call) -> Answer | None:
        if call.action not in _LISTS:
            return None
        now = time.monotonic()
        for name, value in call.parameters.items():
            found = _ASKED.fullmatch(name)
            if found and value in self._made and now < self._made[value].by_id:
                code, text = _MISSING[found[1]], f"{value} does not exist"
                error = f"<Errors><Error><Code>{code}</Code><Message>{text}</Message></Error></Errors>"
                body = f"<Response>{error}<RequestID>lab</RequestID></Response>"
                return Answer(400, [("Content-Type", "text/xml")], body.encode())
        return None

    def note(self, call: Call, answer: Answer) -> None:
        """Begins to hide what a call has made."""
        if answer.status not in (200, 201) or not self._seconds:
            return
        if call.action == "StartSnapshot":
            made = [str(json.loads(answer.body).get("SnapshotId"))]
        elif call.action in _MADE:
            made = _MADE[call.action].findall(answer.body.decode())
        else:
            return
        now = time.monotonic()
        with self._lock:
            for one in made:
                if one not in self._made:
                    in_lists = self._seconds * self._rng.uniform(0.5, 1.0)
                    by_id = in_lists * self._rng.choice((0.0, 0.0, self._rng.random()))
                    tags = in_lists + self._rng.choice((0.0, 0.0, self._rng.uniform(0, self._seconds / 2)))
                    self._made[one] = Visible(now + by_id, now + in_lists, now + tags)

    def _without(self, call: Call, body: bytes) -> bytes:
        tree = ElementTree.fromstring(body)  # noqa: S314 - from the sandbox
        asked = {value for name, value in call.parameters.items() if _ASKED.fullmatch(name)}
        by_tag = any(
            value.startswith("tag") for name, value in call.parameters.items() if name.endswith(".Name")
        )
        if not self._edit(tree, call.action, asked, by_tag=by_tag):
            return body
        namespace = tree.tag.partition("}")[0].lstrip("{") if tree.tag.startswith("{") else ""
        return ElementTree.tostring(tree, default_namespace=namespace or None)

    def _edit(self, tree: ElementTree.Element, action: str, asked: set[str], *, by_tag: bool) -> bool:
        """Takes out what does not show; whether anything was taken out."""
        now, changed = time.monotonic(), False
        for parent, item, one in _items(tree, *_LISTS[action]):
            visible = self._made.get(one)
            if visible is None:
                continue
            tags_show = now >= visible.with_tags
            if (one not in asked and now < visible.in_lists) or (by_tag and not tags_show):
                parent.remove(item)
                changed = True
            elif not tags_show:
                for tags in [child for child in item if _name(child) == "tagSet"]:
                    item.remove(tags)
                    changed = True
        if action == "DescribeInstances" and changed:
            _drop_empty_reservations(tree)
        return changed


def _items(
    tree: ElementTree.Element, of_list: str, of_id: str
) -> Iterator[tuple[ElementTree.Element, ElementTree.Element, str]]:
    """The items of a list, each with its list and its id."""
    for parent in [one for one in tree.iter() if _name(one) == of_list]:
        for item in [*parent]:
            yield parent, item, next((one.text or "" for one in item if _name(one) == of_id), "")


def _drop_empty_reservations(tree: ElementTree.Element) -> None:
    for reservations in [one for one in tree.iter() if _name(one) == "reservationSet"]:
        for item in [*reservations]:
            if any(_name(one) == "instancesSet" and not len(one) for one in item):
                reservations.remove(item)


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
