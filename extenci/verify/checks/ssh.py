"""ssh: a command succeeds on the machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from extenci.model.verification import LoginCheck
from extenci.spec.validation.fields import Command, Regex
from extenci.verify.attempt import Attempt, AttemptResult, CheckContext
from extenci.verify.form import LoginForm, SpecFolder
from extenci.verify.kind import CheckKind

if TYPE_CHECKING:
    from extenci.verify.programs import ProgramEnd


NOT_FOUND = 127
"""The status of a shell that did not find a command (POSIX, "Exit Status for Commands"): it will not come by
itself, so that the check is not tried again, unless its `retries` say so."""


@dataclass(frozen=True)
class SshCheck(LoginCheck):
    """A command ends with `status`, and `output`, a regular expression, is found in its output."""

    kind = "ssh"

    ssh: str
    status: int = 0
    output: str | None = None

    @property
    def label(self) -> str:
        return f"ssh {self.ssh}"


class SshForm(LoginForm):
    """A command succeeds on the machine."""

    ssh: Command = Field(description="The command.")
    status: Annotated[int, Field(ge=0, le=255)] = Field(
        default=0, description="Exit status expected. Default: 0."
    )
    output: Regex | None = Field(
        default=None, description="Regular expression that must be found in the output."
    )

    def resolve(self, folder: SpecFolder) -> SshCheck:
        return SshCheck(self.ssh, self.status, self.output, **self.login(folder), **self.limits())


def try_ssh(check: SshCheck, context: CheckContext, attempt: Attempt) -> AttemptResult:
    """Log in and run the command once."""
    from extenci.verify.programs import excerpt
    from extenci.verify.ssh.client import run_command

    end = run_command(check, check.ssh, context, attempt)
    if isinstance(end, AttemptResult):
        return end
    if end.status != check.status:
        is_missing = end.status == NOT_FOUND
        why = " (a command was not found)" if is_missing else ""
        text = f"the command ended with status {end.status}{why}, not {check.status}"
        return AttemptResult(False, text, excerpt(end.output), final=is_missing and check.retries is None)
    return _judge_output(check, end, context, attempt)


def _judge_output(check: SshCheck, end: ProgramEnd, context: CheckContext, attempt: Attempt) -> AttemptResult:
    from extenci.verify.programs import excerpt
    from extenci.verify.regex import SearchResult, search

    output = excerpt(end.output)
    ended = f"the command ended with status {end.status}"
    if check.output is None:
        return AttemptResult(True, ended, output)
    match search(check.output, end.output, context.halt, attempt.seconds):
        case SearchResult.YES:
            return AttemptResult(True, f"{ended} and printed what it should", output)
        case SearchResult.NO:
            return AttemptResult(False, f"the command's output has no {check.output!r} in it", output)
        case SearchResult.TOO_SLOW:
            message = f"{check.output!r} takes too long to search for; write a simpler expression"
            return AttemptResult(False, message, output, unable=True)


def find_lacking_login(check: LoginCheck) -> Iterator[str]:
    """Why nobody can log in from here: no ssh, or a key that it cannot use."""
    from extenci.verify.ssh.private_key import find_login_faults

    return find_login_faults(check)


KIND = CheckKind(SshCheck, SshForm, try_ssh, find_lacking_login)
