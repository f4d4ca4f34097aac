"""pytest: tests on this machine succeed, with testinfra's `host` being the test VM."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from urllib.parse import quote

from extenci.model.verification import PytestCheck
from extenci.verify.attempt import Attempt, Scene, Tried
from extenci.verify.checks.run import judge_program
from extenci.verify.checks.ssh import prepare_host_keys, write_ssh_config
from extenci.verify.programs import excerpt, last_line, run_program

MEANINGS = {
    1: "tests failed",
    2: "the tests were interrupted",
    3: "pytest met an internal error",
    4: "pytest was called in a way that it does not take",
    5: "no tests were found",
}
"""pytest's exit statuses (pytest.ExitCode)."""


def try_pytest(check: PytestCheck, scene: Scene, attempt: Attempt) -> Tried:
    """Run the tests once, in a process of their own."""
    missing = [name for name in ("pytest", "testinfra") if importlib.util.find_spec(name) is None]
    if missing:
        text = f"{' and '.join(missing)} cannot be imported; install 'extenci[testinfra]' beside extenci"
        return Tried(False, text, final=True, unable=True)
    if fault := prepare_host_keys(check, scene, attempt):
        return fault
    write_ssh_config(scene)
    ended = run_program(
        build_command(check, scene),
        folder=Path(check.folder),
        environment={**scene.environment, "PYTHONDONTWRITEBYTECODE": "1"},
        log=attempt.log,
        halt=scene.halt,
        seconds=attempt.seconds,
    )
    if ended.status in MEANINGS:
        message = f"{MEANINGS[ended.status]}: {last_line(ended.output).strip('= ')}"
        return Tried(False, message, excerpt(ended.output), final=ended.status in (4, 5))
    return judge_program("pytest", ended, attempt.seconds)


def build_command(check: PytestCheck, scene: Scene) -> list[str]:
    """pytest's command line. Connections are not shared: nothing may outlive the tests."""
    user, key = check.user or scene.target.user, check.key or scene.target.key
    address = scene.target.address
    place = f"[{address}]" if ":" in address else address
    login = f"{quote(user, safe='')}@" if user else ""
    return [
        *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no"),
        f"--hosts=ssh://{login}{place}:{check.port}?controlpersist=0",
        f"--ssh-config={scene.environment['EXTENCI_SSH_CONFIG']}",
        *([f"--ssh-identity-file={key}"] if key else []),
        *check.pytest,
    ]
