"""The second half of the main job: verify, confirm, a killed run, and the commands that need no specs."""

from __future__ import annotations

from tests.matrix.job.job import WAITS, Job, check_same
from tests.matrix.job.report import StepFailed
from tests.matrix.job.specs import make_disk


def verify(job: Job) -> None:
    """A verify block with a check and a person's yes, then a new version that waits for the yes."""
    job.specs.write(verified=True)
    done = job.must("verify", job.specs.image, "specs", "--yes")
    job.check_counts(done)
    job.apply()
    job.check_plan_is_empty()


def confirm(job: Job) -> None:
    """A new version waits for a person's word, who says it in a command of its own."""
    job.specs.write(verified=True, version=3)
    waiting = job.must("apply", "specs", "-y", status=WAITS)
    machines = len(job.census().machines)
    if machines != job.specs.count + 1:
        problem = f"{machines} machines, where {job.specs.count} and a test VM should be"
        raise StepFailed(problem, waiting.status, waiting.last_lines)
    job.must("confirm", job.specs.image, "--root", "specs", "--yes")
    job.apply()
    job.check_disk()
    job.check_plan_is_empty()


def kill(job: Job) -> None:
    """apply is killed on its way to a new version; the next one finishes, and nothing is left or doubled."""
    job.specs.write(verified=False, version=4)
    job.extenci("apply", "specs", "-y", seconds=max(0.8, job.content_seconds / 2))
    job.must("apply", "specs", "-y")
    done = job.must("gc", "specs", "-y")
    job.check_counts(done)
    job.check_plan_is_empty()


def stage(job: Job) -> None:
    """The command of 2011, and back."""
    disk = make_disk(job.folder / "by-hand.raw", 5)
    before = job.census()
    done = job.must("stage", disk.name, job.cloud.service, "--stack", "by-hand", *method(job))
    image, staged = done.output.strip(), job.census()
    gone = job.must("unstage", image, job.cloud.service, "--stack", "by-hand", "-y")
    if image not in staged.images:
        raise StepFailed(f"{image!r} is no image of the cloud", done.status, done.last_lines)
    check_same(before, job.census(), gone)
    job.check_plan_is_empty()


def method(job: Job) -> tuple[str, ...]:
    return () if job.cloud.home is None else ("--method", job.specs.stage)


def both_answers(job: Job) -> None:
    """The other command of 2011, with either answer."""
    disk = make_disk(job.folder / "trial.raw", 6)
    before = job.census()
    words = ("test-vm", disk.name, job.cloud.service, job.cloud.types[0], "--stack", "by-hand")
    refused = job.must(*words, "--no", status=1)
    check_same(before, job.census(), refused)
    job.must(*words, "--yes")
    staged = job.census()
    gone = job.must("unstage", "trial", job.cloud.service, "--stack", "by-hand", "-y")
    if len(staged.images) != len(before.images) + 1:
        raise StepFailed("the image that works is not there", gone.status, gone.last_lines)
    check_same(before, job.census(), gone)


def gc(job: Job) -> None:
    """Nothing was left, so nothing may go."""
    before = job.census()
    done = job.must("gc", "specs", "-y")
    check_same(before, job.census(), done)
    job.check_plan_is_empty()


def destroy(job: Job) -> None:
    job.must("destroy", "specs", "-y")


def left(job: Job) -> None:
    seen = job.census()
    if seen.left:
        raise StepFailed(f"left: {seen}")
