"""Where a service keeps the lease of a stack."""

from __future__ import annotations

from abc import ABC, abstractmethod

from extenci.model.errors import ServiceError
from extenci.model.lease import LeaseTerms, StoredLease


class LeaseNotOffered(ServiceError):
    """The service cannot keep leases in this way, or not for these credentials."""


class LeaseStore(ABC):
    """Keeps the lease of one stack. `place` names it for people and is the same for the same lease.

    Every method raises ServiceError and its kinds; LeaseNotOffered where another store is to be tried.
    """

    place: str

    @abstractmethod
    def create(self, terms: LeaseTerms) -> str | None:
        """Store the lease if there is none; its version, None where there is one."""

    @abstractmethod
    def read(self) -> StoredLease | None:
        """The lease; None where none is seen."""

    @abstractmethod
    def renew(self, terms: LeaseTerms, version: str) -> str | None:
        """Write down that the lease of a version is in use; its new version, None where it is another's by
        now."""

    @abstractmethod
    def take_over(self, terms: LeaseTerms, version: str) -> str | None:
        """Put one's own lease in the place of that of a version; its version, None where that was gone. Of
        several who do so at once, more than one may seem to succeed: the lease that is read afterwards
        counts."""

    @abstractmethod
    def delete(self) -> None:
        """Delete the lease; none is no error."""
