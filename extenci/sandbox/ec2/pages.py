"""EC2's paging: MaxResults and NextToken."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from moto.ec2.exceptions import EC2ClientError

Item = TypeVar("Item")


def page(
    items: Sequence[Item],
    size: int | None,
    token: str | None,
    identity: Callable[[Item], str],
) -> tuple[Sequence[Item], str | None]:
    """The items of one page and the token of the next. `size` None: all that is left, as on AWS.

    The token names the last item sent, so that nothing is skipped when earlier ones vanish meanwhile.
    """
    start = _start(items, token, identity) if token else 0
    end = len(items) if size is None else min(start + size, len(items))
    following = None
    if end < len(items):
        mark = json.dumps([end, identity(items[end - 1])])
        following = base64.b64encode(mark.encode()).decode()
    return items[start:end], following


def page_size(asked: int | None, least: int, most: int = 1000) -> int | None:
    """Checks MaxResults. AWS takes larger values than `most` as `most`."""
    if asked is not None and asked < least:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Value ( {asked} ) for parameter maxResults is invalid. Expecting a value greater than {least}.",
        )
    return None if asked is None else min(asked, most)


def _start(items: Sequence[Item], token: str, identity: Callable[[Item], str]) -> int:
    try:
        position, last = json.loads(base64.b64decode(token, validate=True))
        position = int(position)
    except (binascii.Error, ValueError, TypeError):
        raise EC2ClientError("InvalidPaginationToken", "The pagination token is invalid.") from None
    found = [place for place, item in enumerate(items) if identity(item) == last]
    return found[0] + 1 if found else min(position, len(items))
