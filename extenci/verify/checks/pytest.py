"""pytest: tests on this machine succeed, with testinfra's `host` being the test VM."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import quote

from pydantic import BeforeValidator, Field, WithJsonSchema

from extenci.model.verification import LoginCheck, relative_path, shorten_path
from extenci.spec.validation.fields import FilePath
from extenci.spec.words import quoted
from extenci.verify.attempt import Attempt, AttemptResult, CheckContext
from extenci.verify.checks.ssh import find_lacking_login
from extenci.verify.form import KeyFault, LoginForm, SpecFolder
from extenci.verify.kind import CheckKind


@dataclass(frozen=True)
class PytestCheck(LoginCheck):
    """Tests on this machine succeed. `pytest` has absolute paths of files and folders; `folder` is the folder
    of the spec file."""

    kind = "pytest"

    pytest: tuple[str, ...]
    folder: str

    @property
    def label(self) -> str:
        return f"pytest {' '.join(shorten_path(path, self.folder) for path in self.pytest)}"

    @property
    def files(self) -> tuple[str, ...]:
        return self.pytest

    def relative_to(self, root: str) -> Self:
        tests = tuple(relative_path(path, root) for path in self.pytest)
        return replace(super().relative_to(root), pytest=tests, folder=relative_path(self.folder, root))


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class PytestForm(LoginForm):
    """Tests on this machine succeed, with `testinfra`'s `host` being the test VM."""

    pytest: Annotated[
        list[FilePath],
        BeforeValidator(_as_list),
        Field(min_length=1, max_length=100),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
    ] = Field(description="Test files or folders, relative to this file.")

    def resolve(self, folder: SpecFolder) -> PytestCheck:
        tests = tuple(folder.absolute(path) for path in self.pytest)
        return PytestCheck(tests, str(folder.path), **self.login(folder), **self.limits())

    def find_faults(self, folder: SpecFolder) -> Iterator[KeyFault]:
        for path in self.pytest:
            found = folder.find_own(path)
            if found is not None and not found.exists():
                yield "pytest", f"names tests that do not exist: {quoted(path)}"


MEANINGS = {
    1: "tests failed",
    2: "the tests were interrupted",
    3: "pytest met an internal error",
    4: "pytest was called with arguments that it does not take",
    5: "no tests were found",
}
"""pytest's exit statuses (pytest.ExitCode)."""
NOT_TRIED = (2, 3, 4, 5)
"""Those that tell of the tests rather than of the machine. Tests that cannot be imported end with 2."""
NEVER = (4, 5)
"""Those that another try would end with, too."""


def try_pytest(check: PytestCheck, context: CheckContext, attempt: Attempt) -> AttemptResult:
    """Run the tests once, in a process of their own."""
    from extenci.verify.programs import excerpt, judge_program, last_line, run_program
    from extenci.verify.ssh.client import prepare_host_keys, write_ssh_config
    from extenci.verify.ssh.private_key import explain_unloaded

    if text := find_missing_modules():
        return AttemptResult(False, text, final=True, unable=True)
    if fault := prepare_host_keys(check, context, attempt):
        return fault
    write_ssh_config(context)
    end = run_program(
        build_command(check, context),
        folder=Path(check.folder),
        environment={**context.environment, "PYTHONDONTWRITEBYTECODE": "1"},
        log=attempt.log,
        halt=context.halt,
        seconds=attempt.seconds,
    )
    key = check.key or context.target.key
    if end.status != 0 and (unloaded := explain_unloaded(end.output, key)):
        return AttemptResult(False, unloaded, excerpt(end.output), final=True, unable=True)
    if end.status in MEANINGS:
        message = f"{MEANINGS[end.status]}: {last_line(end.output).strip('= ')}"
        output, is_unable = excerpt(end.output), end.status in NOT_TRIED
        return AttemptResult(False, message, output, final=end.status in NEVER, unable=is_unable)
    return judge_program("pytest", end, attempt.seconds)


def find_missing_modules() -> str:
    """A part of a sentence about the modules that cannot be imported, "" where all can."""
    missing = [name for name in ("pytest", "testinfra") if importlib.util.find_spec(name) is None]
    names = " and ".join(missing)
    return f"{names} cannot be imported; install 'extenci[testinfra]' beside extenci" if missing else ""


def find_lacking(check: PytestCheck) -> Iterator[str]:
    """Modules, tests and keys that are missing here."""
    if text := find_missing_modules():
        yield text
    for path in check.pytest:
        if not Path(path).exists():
            yield f"the tests {shorten_path(path, check.folder)} do not exist"
    yield from find_lacking_login(check)


def build_command(check: PytestCheck, context: CheckContext) -> list[str]:
    """pytest's command line. Connections are not shared: nothing may outlive the tests."""
    user, key = check.user or context.target.user, check.key or context.target.key
    address = context.target.address
    place = f"[{address}]" if ":" in address else address
    login = f"{quote(user, safe='')}@" if user else ""
    return [
        *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no"),
        f"--hosts=ssh://{login}{place}:{check.port}?controlpersist=0",
        f"--ssh-config={context.environment['EXTENCI_SSH_CONFIG']}",
        *([f"--ssh-identity-file={key}"] if key else []),
        *check.pytest,
    ]


KIND = CheckKind(PytestCheck, PytestForm, try_pytest, find_lacking)
