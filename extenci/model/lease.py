"""Leases: the right to change a stack on a service, which one command has at a time, wherever it runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Lock(StrEnum):
    """Where a service keeps the lease of a stack, as `lock:` in its file says."""

    S3 = "s3"
    """An object in the service's bucket, which is stored only where there is none."""
    TAG = "tag"
    """A key pair with tags: EC2 makes only one of a name."""
    NONE = "none"
    """Nowhere: whoever applies sees to it that nobody else does."""


LEASE_SECONDS = 60.0
"""How long a lease lasts that is not renewed."""
RENEWAL_SECONDS = 15.0
"""How often a lease is renewed."""


@dataclass(frozen=True)
class LeaseTerms:
    """The claim of a command to a lease: the ids of its home and of itself, and who runs it, in words.
    `is_ended`: the command is over; others must still wait, since they do not see yet all that it made."""

    home: str
    command: str
    holder: str
    is_ended: bool = False


@dataclass(frozen=True)
class StoredLease:
    """A lease as a service keeps it. `version` is another one after each change; `terms` is None where the
    service cannot say whose it is; `idle` for how many seconds it was not renewed, by the service's own
    clock, None where that is not known."""

    version: str
    terms: LeaseTerms | None = None
    idle: float | None = None

    @property
    def is_ended(self) -> bool:
        """Whether its command is known to be over."""
        return self.terms is not None and self.terms.is_ended

    def ends_in(self, lag: float) -> float | None:
        """In how many seconds anybody may take it over, where the service's lists may lack for `lag` seconds
        what was made; None where it does not end by itself. A command that did not say that it was over may
        have made something until its lease ended."""
        if self.idle is None:
            return None
        return (0.0 if self.is_ended else LEASE_SECONDS) + lag - self.idle
