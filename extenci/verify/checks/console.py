"""console: the serial console shows something."""

from __future__ import annotations

from extenci.model.verification import ConsoleCheck
from extenci.verify.alarms import end_of
from extenci.verify.attempt import Attempt, Scene, Tried
from extenci.verify.regex import Found, search


def try_console(check: ConsoleCheck, scene: Scene, attempt: Attempt) -> Tried:
    """Read the console now, and search it."""
    scene.console.look(attempt.seconds)
    if scene.console.fault and not scene.console.text:
        return Tried(False, f"the console cannot be read: {scene.console.fault}")
    text = scene.console.text
    match search(check.console, text, scene.halt, attempt.seconds):
        case Found.YES:
            return Tried(True, f"the console shows {check.console!r}", end_of(text))
        case Found.NO:
            return Tried(False, f"the console does not show {check.console!r}", end_of(text))
        case Found.TOO_SLOW:
            message = f"{check.console!r} takes too long to search for; write a simpler expression"
            return Tried(False, message, end_of(text))
