"""Lists that come page by page, bounded: a service may send ever new tokens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from extenci.cloud.aws.answers.limits import Limits
from extenci.cloud.aws.answers.readable import UnreadableBody

Item = TypeVar("Item")
Page = Mapping[str, Any]

_TOKENS = (
    "NextToken", "NextMarker", "NextContinuationToken", "NextKeyMarker", "NextUploadIdMarker",
    "NextPartNumberMarker",
)  # fmt: skip
"""The names of the tokens by which the next page of a list is asked for."""


def bounded_pages(
    pages: Iterable[Any], limits: Limits, clock: Callable[[], float] = time.monotonic
) -> Iterator[Page]:
    """The pages of a list, as long as its tokens are new. UnreadableBody after too many, or too long."""
    seen: set[tuple[str, ...]] = set()
    began = clock()
    for number, page in enumerate(pages, 1):
        is_last = page.get("IsTruncated") is False
        token = () if is_last else tuple(str(page[name]) for name in _TOKENS if page.get(name))
        if token and token in seen:
            raise UnreadableBody("with a page of its list that it sent before")
        if number > limits.pages:
            raise UnreadableBody(f"with a list of more than {limits.pages:,} pages")
        if clock() - began > limits.list_seconds:
            raise UnreadableBody(f"with a list that does not end within {limits.list_seconds:.0f} s")
        seen.add(token)
        yield page


def bounded_items(items: Iterable[Item], limits: Limits) -> Iterator[Item]:
    """The items of a list. UnreadableBody after too many."""
    for number, item in enumerate(items, 1):
        if number > limits.items:
            raise UnreadableBody(f"with a list of more than {limits.items:,} entries")
        yield item
