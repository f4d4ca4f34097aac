"""The first half of the main job: plan, apply, and all that changes, also behind extenci's back."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.matrix.job.command import HANGS, Done
from tests.matrix.job.job import PENDING, Job
from tests.matrix.job.report import Refused, StepFailed


def refuse_or_fail(job: Job, done: Done) -> None:
    """A first command that failed: Refused where it says so and nothing was made, else StepFailed."""
    command = f"extenci {done.words[0]}"
    if done.status == HANGS:
        raise StepFailed(f"{command} hangs for {done.seconds:.0f} s", HANGS, done.last_lines)
    if "Traceback (most recent call last)" in done.text:
        raise StepFailed(f"{command} prints a traceback", done.status, done.last_lines)
    seen = job.census()
    if not seen.untouched:
        raise StepFailed(
            f"{command} failed after it had made something: {seen}", done.status, done.last_lines
        )
    if not done.errors.strip() and not done.output.strip():
        raise StepFailed(f"{command} failed without a word", done.status)
    raise Refused(done.last_lines)


def first_plan(job: Job) -> None:
    if job.records_are_the_truth and job.cloud.home is None:
        job.must("catalog", "init", job.cloud.service)
    done = job.extenci("plan", "specs", "--detailed-exitcode")
    if done.status != PENDING:
        refuse_or_fail(job, done)
    if not job.census().untouched:
        raise StepFailed(f"plan made something: {job.census()}", done.status, done.last_lines)


def first_apply(job: Job) -> None:
    done = job.extenci("apply", "specs", "-y")
    if done.status != 0:
        refuse_or_fail(job, done)
    job.check_counts(done)
    job.check_disk()


def again(job: Job) -> None:
    job.check_plan_is_empty()
    job.must("status", "specs")


def scale(job: Job) -> None:
    job.specs.write(count=3)
    before = set(job.census().machines)
    done = job.apply()
    if not before <= set(job.census().machines):
        raise StepFailed("machines that were right were replaced", done.status, done.last_lines)
    job.check_plan_is_empty()


def change_type(job: Job) -> None:
    before = set(job.census().machines)
    job.specs.write(type=job.cloud.types[1])
    done = job.apply()
    if before & set(job.census().machines):
        raise StepFailed("machines of the old type are left", done.status, done.last_lines)
    job.check_plan_is_empty()


def change_content(job: Job) -> None:
    before = job.census()
    job.specs.write(version=2)
    done = job.apply()
    job.content_seconds = done.seconds
    after = job.census()
    for kind in ("machines", "images", "objects"):
        if set(getattr(before, kind)) & set(getattr(after, kind)):
            raise StepFailed(f"{kind} of the old content are left", done.status, done.last_lines)
    job.check_disk()
    job.check_plan_is_empty()


def drift(job: Job) -> None:
    """A machine is ended behind extenci's back: the plan shows it, and apply mends it."""
    victim = job.census().machines[0]
    job.cloud.ec2_client.terminate_instances(InstanceIds=[victim])
    planned = job.must("plan", "specs", "--detailed-exitcode", status=PENDING)
    if victim not in planned.output:
        raise StepFailed(
            f"the plan does not name {victim}, which is gone", planned.status, planned.last_lines
        )
    done = job.apply()
    if victim in job.census().machines:
        raise StepFailed(f"{victim} is still there", done.status, done.last_lines)
    job.check_plan_is_empty()


def lost_catalog(job: Job) -> None:
    """Another home, without records: nothing is made twice. Where records are the truth, apply refuses."""
    before = job.census()
    kept = lose(job)
    if job.records_are_the_truth:
        done = job.extenci("apply", "specs", "-y")
        if done.status in (0, HANGS):
            raise StepFailed("without records apply did not refuse", done.status, done.last_lines)
        give_back(job, kept)
    else:
        job.check_plan_is_empty()
        done = job.apply()
    if job.census() != before:
        raise StepFailed(f"what is there changed: {before} → {job.census()}", done.status, done.last_lines)
    job.check_plan_is_empty()


def lose(job: Job) -> Path:
    """Moves all that extenci keeps away, but not the cloud that lives there."""
    kept = job.folder / "lost"
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir()
    for entry in [*job.home.iterdir()]:
        if job.cloud.home is None or not entry.name.startswith("sandbox"):
            entry.rename(kept / entry.name)
    job.specs.write_service(job.home)
    return kept


def give_back(job: Job, kept: Path) -> None:
    shutil.rmtree(job.home)
    kept.rename(job.home)
