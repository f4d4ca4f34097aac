"""run: a program on this machine succeeds."""

from __future__ import annotations

from pathlib import Path

from extenci.model.verification import RunCheck, brief
from extenci.verify.attempt import Attempt, Scene, Tried
from extenci.verify.programs import Cut, Ended, excerpt, last_line, run_program


def try_run(check: RunCheck, scene: Scene, attempt: Attempt) -> Tried:
    """Run it once."""
    ended = run_program(
        check.run,
        folder=Path(check.folder),
        environment=scene.environment,
        log=attempt.log,
        halt=scene.halt,
        seconds=attempt.seconds,
    )
    return judge_program(brief(check.run[0], check.folder), ended, attempt.seconds)


def judge_program(name: str, ended: Ended, seconds: float) -> Tried:
    """What the end of a program means, where 0 is success."""
    output = excerpt(ended.output)
    if ended.fault:
        return Tried(False, f"{name} cannot be started: {ended.fault}", final=True, unable=True)
    if ended.cut is Cut.TIME:
        return Tried(False, f"{name} did not end within {seconds:.0f} s", output)
    if ended.cut is not None:
        return Tried(False, f"{name} was ended: {ended.cut.value}", output, final=ended.cut is Cut.SIZE)
    if ended.status == 0:
        return Tried(True, f"{name} succeeded", output)
    how = f"exit status {ended.status}" if (ended.status or 0) > 0 else f"signal {-(ended.status or 0)}"
    said = last_line(ended.output)
    return Tried(False, f"{name} failed with {how}{': ' + said if said else ''}", output)
