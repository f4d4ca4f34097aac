"""Services that fail while a command is at work, so that its work on the others goes on."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from extenci.model.errors import PlanError, ServiceError
from extenci.model.observed import Unread

Failure = ServiceError | PlanError


class Failures:
    """The services of a command that failed. Nothing more is asked, planned or recorded there.

    Once all of them have failed, the first one's error ends the command.
    """

    def __init__(self, services: Collection[str]) -> None:
        self._services = frozenset(services)
        self._errors: dict[str, Failure] = {}

    @contextmanager
    def noting(self, service: str) -> Iterator[None]:
        """Note that a service failed (ServiceError) where there are others."""
        try:
            yield
        except ServiceError as error:
            self.note(service, error)

    def note(self, service: str, error: Failure) -> None:
        """Leave a service out from now on. Raises the first service's error where none is left."""
        self._errors[service] = error
        if self._services <= self._errors.keys():
            raise self._errors[min(self._errors)]

    def working(self) -> tuple[str, ...]:
        """The services that have not failed, by name."""
        return tuple(sorted(self._services - self._errors.keys()))

    @property
    def unread(self) -> tuple[Unread, ...]:
        """The failed services, by name."""
        return tuple(Unread(name, one.message, one.hint) for name, one in sorted(self._errors.items()))
