"""What must be on the cloud when a command has succeeded, compared with what is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.faults.bench.state import State, Thing
from tests.faults.report import Kind

Holds = Callable[[str], "bool | None"]
"""Whether the disk of a snapshot or of a bundled image is what was to be staged; None where it has none."""


@dataclass(frozen=True)
class Wanted:
    """How many of each; where that is none, nothing else may be left either.

    `type`: of every machine, where it matters. `grows`: nothing is replaced, so that at no time there may be
    more. `at_least`: how many machines have to be there at every time.
    """

    machines: int = 0
    images: int = 0
    type: str = ""
    grows: bool = False
    at_least: int = 0


def judge_early(new: State, wanted: Wanted) -> list[tuple[Kind, str]]:
    """What is doubled, or gone too early, whatever became of the commands."""
    found = [one for one in _count(new, wanted) if one[0] is Kind.DOUBLE] if wanted.grows else []
    machines = len(new.of("machine"))
    if machines < wanted.at_least:
        found.append((Kind.WRONG, f"{machines} machines run, where {wanted.at_least} have to at every time"))
    return found


def judge(new: State, wanted: Wanted, holds: Holds) -> list[tuple[Kind, str]]:
    """The promises that are broken by what is there."""
    found = [*_count(new, wanted), *_look_into(new, wanted), *_check_disks(new, holds)]
    rest = [one for one in new.things if one.kind not in ("machine", "image") and not _is_lease(one)]
    if rest and not wanted.machines and not wanted.images:
        found.append((Kind.LEAK, f"nothing was to be left, and there is {State(frozenset(rest))}"))
    return found


def _is_lease(thing: Thing) -> bool:
    """Whether a thing is a lease: where a call failed that should have ended it, it ends by itself. After
    destroy and gc there must be none."""
    return thing.kind == "key pair" and thing.id.startswith("extenci-lease-")


def _count(new: State, wanted: Wanted) -> Iterator[tuple[Kind, str]]:
    for kind, count in (("machine", wanted.machines), ("image", wanted.images)):
        found = new.of(kind)
        if len(found) > count:
            yield Kind.DOUBLE, f"{len(found)} {kind}s where {count} were asked for: {_shown(found)}"
        elif len(found) < count:
            yield Kind.WRONG, f"success, and {len(found)} {kind}s where {count} were asked for"
    digests = Counter(
        one.tags.get("extenci:digest", "") for one in new.of("snapshot") if one.facts[0] == "completed"
    )
    for digest, count in digests.items():
        if digest and count > 1:
            yield Kind.DOUBLE, f"{count} whole snapshots of one disk: {_shown(new.of('snapshot'))}"


def _look_into(new: State, wanted: Wanted) -> Iterator[tuple[Kind, str]]:
    images = {one.id for one in new.of("image")}
    snapshots = {one.id for one in new.of("snapshot")}
    for machine in new.of("machine"):
        image, kind = machine.facts[:2]
        if image not in images:
            yield Kind.WRONG, f"{machine} runs from {image}, which is gone"
        elif wanted.type and kind != wanted.type:
            yield Kind.WRONG, f"success, and {machine} is of type {kind}, not {wanted.type}"
    for one in new.of("image"):
        for snapshot in one.facts[1:]:
            if snapshot and snapshot not in snapshots:
                yield Kind.WRONG, f"{one} stands on {snapshot}, which is gone"


def _check_disks(new: State, holds: Holds) -> Iterator[tuple[Kind, str]]:
    for one in new.of("image"):
        for disk in (one.id, *one.facts[1:]):
            if disk and holds(disk) is False:
                yield Kind.WRONG, f"the disk {disk} of {one} is not the one that was to be staged"


def _shown(things: list[Thing]) -> str:
    return "; ".join(f"{one} ({', '.join(one.facts[1:])})" for one in things)
