"""The error of a plan file that extenci did not write."""

from __future__ import annotations


class Unexpected(ValueError):
    """JSON that is not a plan: `where` is a path such as `plan.changes[0].work`, "" for the whole document;
    `what` says what is wrong with it, and never shows a value."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where or 'the document'} {what}")
