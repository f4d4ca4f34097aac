"""One running machine → evidence: every check in its order, while its console is watched."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from extenci.model.errors import Interrupted
from extenci.model.verdict import Evidence, MachineReport
from extenci.model.verification import Check, LoginCheck
from extenci.verify.attempt import CheckContext
from extenci.verify.console.alarms import end_of
from extenci.verify.console.watch import ConsoleWatch
from extenci.verify.environment import build_environment, without_secrets
from extenci.verify.evidence_folder import cannot_keep, open_folder, open_private
from extenci.verify.halt import Halt
from extenci.verify.retry import Timer, try_until_done
from extenci.verify.ssh.client import find_contradiction, write_ssh_config
from extenci.verify.target import Target, require_sound

Listener = Callable[[Check, Evidence | None], None]
"""Hears when a check begins (None), and its evidence."""

LAST_LOOK = 5.0
"""Seconds that the console may take in the end."""

NEVER = threading.Event()


def ignore(check: Check, evidence: Evidence | None) -> None:
    """Listen to nothing."""


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
) -> MachineReport:
    """Try every check until it passes or its time is up, in their order.

    `deadline` and `launched` are readings of `clock`. Once a check has failed for good, those after it are
    tried once each, to tell more of what is wrong. A console without hope ends everything at once. Raises
    Interrupted within 0.3 s after `stop` is set, and UsageError where the folder cannot be used. All that was
    found until then lies in the target's folder.
    """
    require_sound(target)
    timer = Timer(deadline, clock)
    begin = clock()
    folder = open_folder(target.folder)
    own = without_secrets(os.environ) if target.environment is None else target.environment
    environment = build_environment(target, folder, own)
    halt = Halt(stop)
    with ConsoleWatch(target.console, folder, halt, every=console_every) as console:
        context = CheckContext(target, folder, console, halt, environment)
        try:
            evidence, answered = collect(checks, context, timer, listener)
        except OSError as error:
            raise cannot_keep(folder.path, error) from None
    if stop.is_set():
        raise Interrupted(
            f"The checks of {target.machine} were interrupted, so there is no verdict.",
            f"The evidence until then is in {target.folder}.",
        )
    return MachineReport(
        address=target.address,
        evidence=evidence,
        console_end=end_of(console.text),
        alarm=halt.alarm,
        boot_seconds=None if launched is None or answered is None else answered - launched,
        seconds=clock() - begin,
        folder=str(folder.path),
    )


def collect(
    checks: Sequence[Check], context: CheckContext, timer: Timer, listener: Listener
) -> tuple[tuple[Evidence, ...], float | None]:
    """The evidence of all checks, and when the machine first answered from its network, a reading of the
    clock. Ends early when a stop is requested."""
    write_ssh_config(context)
    found: list[Evidence] = []
    answered = None
    for number, check in enumerate(checks, 1):
        listener(check, None)
        has_failed = any(not one.passed for one in found)
        evidence = collect_one(number, check, context, timer, once=has_failed)
        if context.halt.stop.is_set():
            break
        found.append(evidence)
        if evidence.passed and check.uses_network and answered is None:
            answered = timer.clock()
        listener(check, evidence)
    context.console.look(LAST_LOOK)
    return doubt_logins(checks, found, context), answered


def collect_one(number: int, check: Check, context: CheckContext, timer: Timer, *, once: bool) -> Evidence:
    """The evidence of one check, with all that it printed in a file."""
    begin = timer.clock()
    file = context.folder.name_log(number, check.label)
    with open_private(file) as log:
        result, tries = try_until_done(check, context, timer, log, once=once)
        log.write(f"{'passed' if result.passed else 'failed'}: {result.message}\n".encode())
    return Evidence(
        check=check.label,
        kind=check.kind,
        passed=result.passed,
        message=result.message,
        tries=tries,
        seconds=timer.clock() - begin,
        output=result.output,
        file=str(file),
        unable=result.unable,
    )


def doubt_logins(
    checks: Sequence[Check], evidence: Sequence[Evidence], context: CheckContext
) -> tuple[Evidence, ...]:
    """A console often comes late: what was learned through SSH counts only if the host key, believed when it
    first came, is one of those that the console shows by now."""
    fault = find_contradiction(context)
    if fault is None:
        return tuple(evidence)
    return tuple(
        replace(one, passed=False, message=fault.message)
        if one.passed and isinstance(check, LoginCheck)
        else one
        for check, one in zip(checks, evidence, strict=False)
    )
