"""run: a program on this machine succeeds."""

from __future__ import annotations

import os
import posixpath
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field

from extenci.model.verification import Check, relative_path, shorten_path
from extenci.spec.validation.fields import Command
from extenci.spec.words import quoted
from extenci.verify.attempt import Attempt, AttemptResult, CheckContext
from extenci.verify.form import CheckForm, KeyFault, SpecFolder
from extenci.verify.kind import CheckKind


@dataclass(frozen=True)
class RunCheck(Check):
    """A program on this machine ends with 0. `run` is the program with its arguments: an absolute path, or a
    name that is looked for in PATH. It runs in `folder`, the folder of the spec file."""

    kind = "run"
    needs_machine = False
    uses_network = False

    run: tuple[str, ...]
    folder: str

    @property
    def label(self) -> str:
        return f"run {' '.join((shorten_path(self.run[0], self.folder), *self.run[1:]))}"

    @property
    def files(self) -> tuple[str, ...]:
        """The program, and those of its arguments that may be files."""
        words = [word for word in self.run if not word.startswith("-")]
        return tuple(posixpath.normpath(posixpath.join(self.folder, word)) for word in words)

    def relative_to(self, root: str) -> Self:
        run = (relative_path(self.run[0], root), *self.run[1:])
        return replace(self, run=run, folder=relative_path(self.folder, root))


class RunForm(CheckForm):
    """A program on this machine succeeds; the test VM's address and ids are in `EXTENCI_*` variables."""

    run: Annotated[list[Command], Field(min_length=1, max_length=100)] = Field(
        description="The program and its arguments. With a slash in it, it is relative to this file; "
        "without, it is looked for in PATH. It runs in this file's folder."
    )

    def resolve(self, folder: SpecFolder) -> RunCheck:
        program, *rest = self.run
        first = folder.absolute(program) if "/" in program else program
        return RunCheck((first, *rest), str(folder.path), **self.limits())

    def find_faults(self, folder: SpecFolder) -> Iterator[KeyFault]:
        program = self.run[0]
        path = folder.find_own(program) if "/" in program else None
        if path is None:
            return
        if not path.is_file():
            yield "run", f"names a program that does not exist: {quoted(program)}"
        elif not os.access(path, os.X_OK):
            yield "run", f"names a file that is not executable: chmod +x {quoted(program)}"


def try_run(check: RunCheck, context: CheckContext, attempt: Attempt) -> AttemptResult:
    """Run it once."""
    from extenci.verify.programs import judge_program, run_program

    end = run_program(
        check.run,
        folder=Path(check.folder),
        environment=context.environment,
        log=attempt.log,
        halt=context.halt,
        seconds=attempt.seconds,
    )
    return judge_program(shorten_path(check.run[0], check.folder), end, attempt.seconds)


def find_lacking(check: RunCheck) -> Iterator[str]:
    """Why the program cannot be started here."""
    program, name = check.run[0], shorten_path(check.run[0], check.folder)
    if "/" not in program:
        if shutil.which(program) is None:
            yield f"the program {program} is not in PATH"
    elif not Path(program).is_file():
        yield f"the program {name} does not exist"
    elif not os.access(program, os.X_OK):
        yield f"the program {name} is not executable; run `chmod +x {program}`"


KIND = CheckKind(RunCheck, RunForm, try_run, find_lacking)
