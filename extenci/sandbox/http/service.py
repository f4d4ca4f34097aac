"""One of the sandbox's services, as the gateway and the faults before it know it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from extenci.sandbox.http.access import Access
from extenci.sandbox.http.listener import Answer, Request


@dataclass(frozen=True)
class Call:
    """What a request asks for. `parameters` are the service's own, decoded (EC2: the whole query)."""

    action: str
    changes: bool
    key: str
    parameters: Mapping[str, str]


class Service(Protocol):
    """One of the sandbox's three services, in its own wire format."""

    name: str

    def read(self, request: Request) -> Call:
        """Finds out what is asked, without doing it."""
        ...

    def answer(self, request: Request, call: Call) -> Answer:
        """Does it."""
        ...

    def refuse(self, access: Access, call: Call) -> Answer:
        """Says no, as AWS does to such an access key."""
        ...

    def fail(self, message: str) -> Answer:
        """Says that the sandbox itself has a defect."""
        ...
