"""Addresses as arguments: SERVICE/NAME."""

from __future__ import annotations

from pathlib import Path

from extenci.model.address import Address
from extenci.model.errors import UsageError


def is_address(text: str) -> bool:
    """Whether an argument is an address rather than a path: there is no file of that name."""
    parts = text.split("/")
    return len(parts) == 2 and all(parts) and not Path(text).exists()


def parse_address(text: str) -> Address:
    """An address from its text (UsageError)."""
    try:
        return Address.parse(text)
    except ValueError:
        raise UsageError(f"{text!r} is no address.", "Give SERVICE/NAME, such as sandbox/worker.") from None
