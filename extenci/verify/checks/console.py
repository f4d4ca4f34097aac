"""console: the serial console shows something."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from extenci.model.abilities import Ability
from extenci.model.verification import Check
from extenci.spec.validation.fields import Regex
from extenci.verify.attempt import Attempt, AttemptResult, CheckContext
from extenci.verify.console.alarms import end_of
from extenci.verify.form import CheckForm, SpecFolder
from extenci.verify.kind import CheckKind


@dataclass(frozen=True)
class ConsoleCheck(Check):
    """A regular expression is found in the console's output; `^` and `$` match at lines."""

    kind = "console"
    uses_network = False
    answers_soon = True
    ability = Ability.CONSOLE

    console: str

    @property
    def label(self) -> str:
        return f"console {self.console}"


class ConsoleForm(CheckForm):
    """The serial console shows something."""

    console: Regex = Field(description="Regular expression that must be found in the console's output.")

    def resolve(self, folder: SpecFolder) -> ConsoleCheck:
        del folder
        return ConsoleCheck(self.console, **self.limits())


def try_console(check: ConsoleCheck, context: CheckContext, attempt: Attempt) -> AttemptResult:
    """Read the console now, and search it."""
    from extenci.verify.regex import SearchResult, search

    context.console.look(attempt.seconds)
    if context.console.fault and not context.console.text:
        return AttemptResult(False, f"the console cannot be read: {context.console.fault}")
    text = context.console.text
    match search(check.console, text, context.halt, attempt.seconds):
        case SearchResult.YES:
            return AttemptResult(True, f"the console shows {check.console!r}", end_of(text))
        case SearchResult.NO:
            return AttemptResult(False, f"the console does not show {check.console!r}", end_of(text))
        case SearchResult.TOO_SLOW:
            message = f"{check.console!r} takes too long to search for; write a simpler expression"
            return AttemptResult(False, message, end_of(text), unable=True)


KIND = CheckKind(ConsoleCheck, ConsoleForm, try_console)
