"""log: a file of the machine shows something. It is read through SSH."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from typing import Annotated, BinaryIO

from pydantic import Field, StringConstraints

from extenci.model.verification import LoginCheck
from extenci.spec.validation.fields import LONGEST_TEXT, Regex
from extenci.spec.validation.strict import Expected
from extenci.verify.attempt import Attempt, AttemptResult, CheckContext
from extenci.verify.checks.ssh import find_lacking_login
from extenci.verify.form import LoginForm, SpecFolder
from extenci.verify.kind import CheckKind

MOST_BYTES = 1 << 20
"""Bytes of the file that are read and searched: its last ones."""

MOST_KEPT = 64 << 10
"""Characters of them that each try keeps in the evidence."""


@dataclass(frozen=True)
class LogCheck(LoginCheck):
    """A regular expression is found in `file`, a path on the machine; `^` and `$` match at lines."""

    kind = "log"

    log: str
    file: str

    @property
    def label(self) -> str:
        return f"log {self.log}"


AbsolutePath = Annotated[
    str,
    StringConstraints(max_length=LONGEST_TEXT, pattern=r"^/(?:[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f/])$"),
    Expected("the absolute path of a file"),
]


class LogForm(LoginForm):
    """A file of the machine shows something."""

    log: Regex = Field(description="Regular expression that must be found in the last MiB of the file.")
    file: AbsolutePath = Field(
        description="The file, an absolute path on the machine, such as `/var/log/cloud-init-output.log`."
    )

    def resolve(self, folder: SpecFolder) -> LogCheck:
        return LogCheck(self.log, self.file, **self.login(folder), **self.limits())


REASONS = {
    65: "is not a regular file",
    66: "does not exist",
    77: "may not be read by the user who logs in",
}
"""Why a file cannot be read, by exit status of `_READ`: EX_DATAERR, EX_NOINPUT, EX_NOPERM of sysexits.h."""

_READ = 'test -e "$1" || exit 66; test -f "$1" || exit 65; test -r "$1" || exit 77; exec tail -c "$2" "$1"'


def read_command(file: str) -> str:
    """A command for the machine's shell that prints the end of a file, whatever its name is."""
    return shlex.join(("sh", "-c", _READ, "sh", file, str(MOST_BYTES)))


def try_log(check: LogCheck, context: CheckContext, attempt: Attempt) -> AttemptResult:
    """Log in, read the end of the file once, and search it."""
    from extenci.verify.programs import excerpt, last_line
    from extenci.verify.regex import SearchResult, search
    from extenci.verify.ssh.client import run_command

    begin = os.fstat(attempt.log.fileno()).st_size
    end = run_command(check, read_command(check.file), context, attempt)
    if isinstance(end, AttemptResult):
        return end
    _shorten(attempt.log, begin, end.output)
    output = excerpt(end.output)
    if end.status in REASONS:
        return AttemptResult(False, f"{check.file} {REASONS[end.status]}")
    if end.status != 0:
        reason = last_line(end.output) or f"exit status {end.status}"
        return AttemptResult(False, f"{check.file} cannot be read: {reason}")
    match search(check.log, end.output, context.halt, attempt.seconds):
        case SearchResult.YES:
            return AttemptResult(True, f"a line of {check.file} matches {check.log!r}", output)
        case SearchResult.NO:
            return AttemptResult(False, f"no line of {check.file} matches {check.log!r}", output)
        case SearchResult.TOO_SLOW:
            message = f"{check.log!r} takes too long to search for; write a simpler expression"
            return AttemptResult(False, message, output, unable=True)


def _shorten(log: BinaryIO, begin: int, text: str) -> None:
    """Keep the end of what was written since `begin`: many tries of a large file would fill a disk."""
    log.truncate(begin)
    log.write(text[-MOST_KEPT:].encode())


KIND = CheckKind(LogCheck, LogForm, try_log, find_lacking_login)
