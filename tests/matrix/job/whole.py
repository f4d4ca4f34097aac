"""The whole main job of extenci on one cloud: its steps in their order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from tests.matrix.job import changes, commands
from tests.matrix.job.job import Job
from tests.matrix.job.report import Failure, RowReport, StepFailed

ROW_SECONDS = 900.0
STOP = threading.Event()
"""Set where no further step is to be taken."""
Step = Callable[[Job], None]
BEFORE: dict[str, Step] = {"plan": changes.first_plan, "apply": changes.first_apply}
"""Steps without which there is nothing to go on with."""
STEPS: dict[str, Step] = {
    "again": changes.again,
    "scale": changes.scale,
    "type": changes.change_type,
    "content": changes.change_content,
    "drift": changes.drift,
    "catalog": changes.lost_catalog,
    "verify": commands.verify,
    "confirm": commands.confirm,
    "kill": commands.kill,
    "stage": commands.stage,
    "test-vm": commands.both_answers,
    "gc": commands.gc,
}
AFTER: dict[str, Step] = {"destroy": commands.destroy, "left": commands.left}
ALL = (*BEFORE, *STEPS, *AFTER)


def do_whole_job(job: Job, report: RowReport) -> None:
    """Takes all steps, also after one that failed, unless the row's time is up.

    Raises Refused where extenci refuses at the beginning.
    """
    until = time.monotonic() + ROW_SECONDS
    if all(take_step(job, report, name, step) for name, step in BEFORE.items()):
        for name, step in STEPS.items():
            if time.monotonic() < until and not STOP.is_set():
                take_step(job, report, name, step)
    for name, step in AFTER.items():
        if not STOP.is_set():
            take_step(job, report, name, step)
    if STOP.is_set():
        report.failures.append(Failure("stop", "the run was interrupted", None, ""))


def take_step(job: Job, report: RowReport, name: str, step: Step) -> bool:
    start = time.monotonic()
    try:
        step(job)
    except StepFailed as failed:
        report.failures.append(Failure(name, failed.problem, failed.status, failed.lines))
    except (ClientError, BotoCoreError, OSError, IndexError) as error:
        report.failures.append(Failure(name, f"{type(error).__name__}: {error}", None, ""))
    report.seconds[name] = time.monotonic() - start
    return not any(one.step == name for one in report.failures)
