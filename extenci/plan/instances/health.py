"""Whether a machine is as good as running, judged by what was observed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from extenci.model.desired import DesiredGroup
from extenci.model.observed import Job, JobState, Machine, MachineState
from extenci.model.ownership import settings_mark
from extenci.plan.condor.holds import explain_hold

SETTLING = 180
"""Seconds for which a machine that is still starting is left alone: it may not be whole yet."""


@dataclass(frozen=True)
class Health:
    """`ok` or not, and a `message` that says why not, in the words of a plan's reasons. A machine that is
    `settling` counts, and is neither replaced nor ended."""

    ok: bool
    message: str = ""
    settling: bool = False


def judge_health(machine: Machine, spec: DesiredGroup, now: float, *, is_crowded: bool = False) -> Health:
    """Judge a machine that is not gone, or a job that has none; `now` is seconds since the epoch.
    `is_crowded`: HTCondor starts no more of the service's jobs for now, so those that wait are not stuck."""
    if machine.settling:
        return Health(True, settling=True)
    if machine.job is not None:
        return judge_job(machine, machine.job, spec.launch_timeout, now, is_crowded)
    if lacks_job(machine, spec) and now - machine.launched < SETTLING:
        return Health(True, settling=True)
    return judge_state(machine, spec.launch_timeout, now)


def judge_state(machine: Machine, launch_timeout: int, now: float) -> Health:
    """Judge a machine by its state; `launch_timeout` in seconds."""
    match machine.state:
        case MachineState.RUNNING:
            return Health(True)
        case MachineState.PENDING:
            age = now - machine.launched
            if age <= launch_timeout:
                return Health(True, settling=age < SETTLING)
            return Health(False, f"pending for more than {spell_seconds(launch_timeout)}")
        case _:
            return Health(False, str(machine.state))


def judge_job(machine: Machine, job: Job, launch_timeout: int, now: float, is_crowded: bool) -> Health:
    """Judge a machine by its job, or a job without a machine. A machine with its job is complete, however
    young. The machine of a job that still waits can be too young to be listed."""
    age = now - max(job.entered, job.queued)
    if job.state is JobState.HELD:
        return Health(False, explain_hold(job))
    if job.state.is_over:
        return Health(True, settling=True) if age < SETTLING else Health(False, "left behind by its job")
    if machine.exists:
        found = judge_state(machine, launch_timeout, now)
        return replace(found, settling=found.settling and age < SETTLING)
    if job.machine is not None and job.state is not JobState.IDLE:
        return Health(True, settling=True) if age < SETTLING else Health(False, "whose machine is gone")
    if age <= launch_timeout or is_crowded:
        return Health(True, settling=age < SETTLING)
    return Health(False, f"stuck in the queue for more than {spell_seconds(launch_timeout)}")


def lacks_job(machine: Machine, spec: DesiredGroup) -> bool:
    """Whether a machine should have a job and lost it. A machine cannot be given a new one."""
    if not spec.launch.has_queue or machine.launched_by is not None or not machine.exists:
        return False
    return machine.marks is None or machine.marks.settings == settings_mark(spec)


def spell_seconds(seconds: int) -> str:
    """`15m`, `90s`: a duration as specs write it."""
    for unit, length in (("h", 3600), ("m", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
