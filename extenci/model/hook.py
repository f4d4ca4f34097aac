"""Hooks: programs and addresses that are told the results of commands."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from extenci.model.trust import HookRequest


class Event(StrEnum):
    """A command whose results hooks are told."""

    APPLY = "apply"
    VERIFY = "verify"
    RECONCILE = "reconcile"


@dataclass(frozen=True)
class Hook:
    """A program with its arguments (`run`), or an https URL that gets a POST; the other one is empty. It is
    told of `after`, and may take `seconds`."""

    run: tuple[str, ...]
    url: str
    after: frozenset[Event]
    seconds: int

    @property
    def label(self) -> str:
        """The command line, or the URL without its path and query, which may be secret."""
        if self.run:
            return shlex.join(self.run)
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}" + ("/…" if parts.path.strip("/") or parts.query else "")


@dataclass(frozen=True)
class AskedHook:
    """A hook, and what this user has to allow before it is told anything."""

    hook: Hook
    request: HookRequest
