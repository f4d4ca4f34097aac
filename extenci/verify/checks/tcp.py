"""tcp: a port accepts connections."""

from __future__ import annotations

import socket

from extenci.model.verification import TcpCheck
from extenci.verify.attempt import Attempt, Scene, Tried
from extenci.verify.halt import OutOfTime, in_background


def try_tcp(check: TcpCheck, scene: Scene, attempt: Attempt) -> Tried:
    """Connect once, and hang up."""
    place = f"port {check.tcp} of {scene.target.address}"

    def connect() -> None:
        socket.create_connection((scene.target.address, check.tcp), timeout=attempt.seconds).close()

    try:
        in_background(connect, scene.halt, attempt.seconds)
    except (OutOfTime, TimeoutError):
        return Tried(False, f"{place} did not answer within {attempt.seconds:.0f} s")
    except OSError as error:
        return Tried(False, f"{place} cannot be reached: {error.strerror or error}")
    return Tried(True, f"{place} accepts connections")
