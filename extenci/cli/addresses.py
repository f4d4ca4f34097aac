"""Addresses as arguments: SERVICE/NAME."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from extenci.model.address import Address
from extenci.model.errors import UsageError

if TYPE_CHECKING:
    from extenci.api import Access

NUMBERED = re.compile(r"(.+)\[(\d{1,5})\]")


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


def parse_machine(text: str, machine: str | None, root: Path | None) -> Access:
    """One machine, from SERVICE/NAME, or SERVICE/NAME[N] (UsageError)."""
    from extenci import api

    numbered = NUMBERED.fullmatch(text)
    if numbered and machine is not None:
        raise UsageError(f"{text} and --machine both name a machine.", "Leave out one of them.")
    place = int(numbered[2]) if numbered else None
    return api.Access(parse_address(numbered[1] if numbered else text), place, machine, root)
