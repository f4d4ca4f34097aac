"""The order of changes: dependencies first, otherwise by action and address."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from extenci.model.address import Address
from extenci.model.plan import Change

Key = tuple[int, Address, str]


def order_changes(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Sort changes so that each comes after those it depends on, the same way every time."""
    by_id = {change.id: change for change in changes}
    waits = {change.id: {name for name in change.depends_on if name in by_id} for change in by_id.values()}
    followers: dict[str, list[str]] = defaultdict(list)
    for name, needed in waits.items():
        for before in needed:
            followers[before].append(name)
    ready = [sort_key(by_id[name]) for name, needed in waits.items() if not needed]
    heapq.heapify(ready)
    ordered: list[Change] = []
    while ready:
        change = by_id[heapq.heappop(ready)[2]]
        ordered.append(replace(change, depends_on=tuple(sorted(set(change.depends_on) & by_id.keys()))))
        for name in followers[change.id]:
            waits[name].discard(change.id)
            if not waits[name]:
                heapq.heappush(ready, sort_key(by_id[name]))
    if len(ordered) != len(by_id):
        raise AssertionError(f"changes depend on each other in a circle: {sorted(by_id)}")
    return tuple(ordered)


def sort_key(change: Change) -> Key:
    """The place of a change among those that could come next."""
    return change.action.rank, change.address, change.id
