"""tcp: a port accepts connections."""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from typing import Self

from pydantic import Field

from extenci.model.verification import Check, Forwards
from extenci.spec.validation.fields import Port
from extenci.verify.attempt import Attempt, AttemptResult, CheckContext
from extenci.verify.form import CheckForm, SpecFolder
from extenci.verify.halt import OutOfTime, in_background
from extenci.verify.kind import CheckKind


@dataclass(frozen=True)
class TcpCheck(Check):
    """A port accepts connections."""

    kind = "tcp"
    answers_soon = True

    tcp: int

    @property
    def label(self) -> str:
        return f"tcp {self.tcp}"

    def at_forwards(self, forwards: Forwards) -> Self:
        return replace(self, tcp=forwards.get(self.tcp, self.tcp))


class TcpForm(CheckForm):
    """A port accepts connections."""

    tcp: Port = Field(description="The port.")

    def resolve(self, folder: SpecFolder) -> TcpCheck:
        del folder
        return TcpCheck(self.tcp, **self.limits())


def try_tcp(check: TcpCheck, context: CheckContext, attempt: Attempt) -> AttemptResult:
    """Connect once, and hang up."""
    place = f"port {check.tcp} of {context.target.address}"

    def connect() -> None:
        socket.create_connection((context.target.address, check.tcp), timeout=attempt.seconds).close()

    try:
        in_background(connect, context.halt, attempt.seconds)
    except (OutOfTime, TimeoutError):
        return AttemptResult(False, f"{place} did not answer within {attempt.seconds:.0f} s")
    except OSError as error:
        return AttemptResult(False, f"{place} cannot be reached: {error.strerror or error}")
    return AttemptResult(True, f"{place} accepts connections")


KIND = CheckKind(TcpCheck, TcpForm, try_tcp)
