"""One running machine → evidence: every check in its order, while its console is watched."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import BinaryIO

from extenci.model.errors import Interrupted
from extenci.model.verification import (
    Check,
    ConsoleCheck,
    Evidence,
    Examination,
    HttpCheck,
    PytestCheck,
    RunCheck,
    SshCheck,
    TcpCheck,
    kind_of,
)
from extenci.verify.alarms import end_of
from extenci.verify.attempt import Attempt, Scene, Tried
from extenci.verify.checks.console import try_console
from extenci.verify.checks.http import try_http
from extenci.verify.checks.pytest import try_pytest
from extenci.verify.checks.run import try_run
from extenci.verify.checks.ssh import find_contradiction, try_ssh, write_ssh_config
from extenci.verify.checks.tcp import try_tcp
from extenci.verify.console_watch import ConsoleWatch
from extenci.verify.environment import build_environment, without_secrets
from extenci.verify.evidence_folder import cannot_keep, open_folder, open_private
from extenci.verify.halt import Halt
from extenci.verify.target import Target, require_sound

Listener = Callable[[Check, Evidence | None], None]
"""Told when a check begins (None), and what it found."""

LONGEST_PAUSE = 5.0
"""Seconds between two tries at most; the first pause is one second."""

PATIENCE = 30.0
"""Seconds that a try may take where another one can follow it, and what it asks is answered soon or never."""

LAST_LOOK = 5.0
"""Seconds that the console may take in the end."""

NEVER = threading.Event()


def ignore(check: Check, evidence: Evidence | None) -> None:
    """Tell nobody."""


def examine(
    target: Target,
    checks: Sequence[Check],
    *,
    deadline: float,
    stop: threading.Event = NEVER,
    launched: float | None = None,
    listener: Listener = ignore,
    console_every: float = 3.0,
    clock: Callable[[], float] = time.monotonic,
) -> Examination:
    """Try every check until it passes or its time is up, in their order.

    `deadline` and `launched` are readings of `clock`. Once a check has failed for good, those after it are
    tried once each, to tell more of what is wrong. A console without hope ends everything at once. Raises
    Interrupted within 0.3 s after `stop` is set, and UsageError where the folder cannot be used; what
    was found until then lies in the target's folder.
    """
    require_sound(target)
    begin = clock()
    folder = open_folder(target.folder)
    own = without_secrets(os.environ) if target.environment is None else target.environment
    environment = build_environment(target, folder, own)
    halt = Halt(stop)
    with ConsoleWatch(target.console, folder, halt, every=console_every) as console:
        run = _Run(Scene(target, folder, console, halt, environment), deadline, clock, listener)
        evidence = run.collect_all(checks)
    boot_seconds = None if launched is None or run.answered is None else run.answered - launched
    return Examination(
        address=target.address,
        evidence=evidence,
        console_end=end_of(console.text),
        alarm=halt.alarm,
        boot_seconds=boot_seconds,
        seconds=clock() - begin,
        folder=str(folder.path),
    )


def _interrupted(target: Target) -> Interrupted:
    return Interrupted(
        f"The examination of {target.machine} was interrupted; there is no verdict.",
        f"What was found until then is in {target.folder}.",
    )


def _distrust(scene: Scene, evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """A console often comes late: what was learned through SSH counts only if the host key, believed when it
    first came, is one of those that the console shows by now."""
    fault = find_contradiction(scene)
    if fault is None:
        return evidence
    return tuple(
        replace(one, passed=False, message=fault.message)
        if one.passed and one.kind in ("ssh", "pytest")
        else one
        for one in evidence
    )


class _Run:
    """The checks of one examination, one after the other."""

    def __init__(self, scene: Scene, deadline: float, clock: Callable[[], float], listener: Listener) -> None:
        self.answered: float | None = None
        self._scene, self._deadline, self._clock, self._listener = scene, deadline, clock, listener
        self._has_failed = False

    def collect_all(self, checks: Sequence[Check]) -> tuple[Evidence, ...]:
        """The evidence of all checks, and what the console shows in the end."""
        scene = self._scene
        try:
            write_ssh_config(scene)
            found = tuple(self.collect(number, check) for number, check in enumerate(checks, 1))
            scene.console.look(LAST_LOOK)
            if scene.halt.stop.is_set():
                raise _interrupted(scene.target)
            return _distrust(scene, found)
        except OSError as error:
            raise cannot_keep(scene.folder.path, error) from None

    def collect(self, number: int, check: Check) -> Evidence:
        """The evidence of one check; Interrupted where somebody said stop."""
        self._listener(check, None)
        begin = self._clock()
        file = self._scene.folder.name_log(number, check.label)
        with open_private(file) as log:
            tried, tries = self._try_until_done(check, log)
            log.write(f"{'passed' if tried.passed else 'failed'}: {tried.message}\n".encode())
        self._has_failed = self._has_failed or not tried.passed
        if tried.passed and self.answered is None and not isinstance(check, ConsoleCheck | RunCheck):
            self.answered = self._clock()
        seconds = self._clock() - begin
        evidence = Evidence(
            check=check.label,
            kind=kind_of(check),
            passed=tried.passed,
            message=tried.message,
            tries=tries,
            seconds=seconds,
            output=tried.output,
            file=str(file),
            unable=tried.unable,
        )
        self._listener(check, evidence)
        return evidence

    def _try_until_done(self, check: Check, log: BinaryIO) -> tuple[Tried, int]:
        tries, tried = 0, Tried(False, "not tried: no time was left")
        while True:
            if self._scene.halt.stop.is_set():
                raise _interrupted(self._scene.target)
            if self._scene.halt.alarm:
                return self._hopeless(tried, tries), tries
            left = self._deadline - self._clock()
            if left <= 0:
                return tried, tries
            tried, tries = self._try_once(check, log, left, tries + 1), tries + 1
            if tried.passed or tried.final:
                return tried, tries
            if not self._scene.halt.is_set and self._is_enough(check, tries):
                return tried, tries
            self._scene.halt.wait(min(tries, LONGEST_PAUSE, max(0.0, self._deadline - self._clock())))

    def _try_once(self, check: Check, log: BinaryIO, left: float, number: int) -> Tried:
        seconds = min(left, find_limit(check, is_last=self._is_enough(check, number)))
        if self._has_failed:
            seconds = min(seconds, PATIENCE)
        log.write(f"== try {number} of {check.label}\n".encode())
        tried = attempt_check(check, self._scene, Attempt(seconds, log))
        log.write(f"\n-- {tried.message}\n".encode())
        return tried

    def _is_enough(self, check: Check, tries: int) -> bool:
        return self._has_failed or (check.retries is not None and tries > check.retries)

    def _hopeless(self, tried: Tried, tries: int) -> Tried:
        what = "given up" if tries else "not tried"
        return replace(tried, passed=False, message=f"{what}: the console shows {self._scene.halt.alarm!r}")


def find_limit(check: Check, *, is_last: bool) -> float:
    """Seconds that one try may take; infinite where only the block's time limits it."""
    if check.timeout is not None:
        return check.timeout
    is_quick = isinstance(check, TcpCheck | HttpCheck | ConsoleCheck)
    return PATIENCE if is_quick and not is_last else float("inf")


def attempt_check(check: Check, scene: Scene, attempt: Attempt) -> Tried:
    """One try of a check of any kind."""
    match check:
        case TcpCheck():
            return try_tcp(check, scene, attempt)
        case SshCheck():
            return try_ssh(check, scene, attempt)
        case HttpCheck():
            return try_http(check, scene, attempt)
        case ConsoleCheck():
            return try_console(check, scene, attempt)
        case RunCheck():
            return try_run(check, scene, attempt)
        case PytestCheck():
            return try_pytest(check, scene, attempt)
