"""One of the sandbox's services, as the gateway and the faults before it know it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from extenci.sandbox.http.access import KeyAccess
from extenci.sandbox.http.listener import HttpRequest, HttpResponse


@dataclass(frozen=True)
class Call:
    """A request's action. `parameters` are the service's own, decoded (EC2: the whole query)."""

    action: str
    changes: bool
    key: str
    parameters: Mapping[str, str]


class SandboxService(Protocol):
    """One of the sandbox's three services, in its own wire format."""

    name: str

    def read(self, request: HttpRequest) -> Call:
        """Read what is asked, without doing it."""
        ...

    def answer(self, request: HttpRequest, call: Call) -> HttpResponse:
        """Carry it out."""
        ...

    def refuse(self, access: KeyAccess, call: Call) -> HttpResponse:
        """Refuse it, as AWS does with such an access key."""
        ...

    def fail(self, message: str) -> HttpResponse:
        """Report that the sandbox itself has a defect."""
        ...
