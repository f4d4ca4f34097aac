"""One user of extenci on one cloud, and what is checked from outside after each step."""

from __future__ import annotations

from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from tests.matrix.clouds.cloud import Cloud
from tests.matrix.job.census import Census, take
from tests.matrix.job.command import HANGS, Done, run
from tests.matrix.job.report import StepFailed
from tests.matrix.job.specs import Specs

PENDING = 2
"""The exit status of `plan --detailed-exitcode` where changes are pending."""
WAITS = 3


class Job:
    """One user with a home and a spec root, and a cloud that is looked at from outside."""

    def __init__(self, folder: Path, cloud: Cloud, stage: str, tags: str) -> None:
        self.folder, self.cloud = folder, cloud
        self.home = cloud.home or folder / "home"
        self.specs = Specs(folder, cloud, stage, tags)
        self.content_seconds = 2.0
        self.home.mkdir(parents=True, exist_ok=True)
        self.specs.write()
        self.specs.write_service(self.home)

    @property
    def records_are_the_truth(self) -> bool:
        """Whether nothing on the cloud says whose it is."""
        return self.specs.tags == "none"

    def extenci(self, *words: str, seconds: float | None = None) -> Done:
        more = {} if seconds is None else {"seconds": seconds}
        return run(self.home, self.folder, *words, **more)

    def must(self, *words: str, status: int = 0) -> Done:
        """A command that has to end with this status."""
        done = self.extenci(*words)
        if done.status == HANGS:
            raise StepFailed(f"extenci {words[0]} hangs for {done.seconds:.0f} s", HANGS, done.last_lines)
        if done.status != status:
            problem = f"extenci {' '.join(words)}: exit status {status} was expected"
            raise StepFailed(problem, done.status, done.last_lines)
        if "Traceback (most recent call last)" in done.text:
            raise StepFailed(f"extenci {words[0]} prints a traceback", done.status, done.last_lines)
        return done

    def census(self) -> Census:
        try:
            return take(self.cloud)
        except (ClientError, BotoCoreError) as error:
            raise StepFailed(f"the cloud cannot be counted: {error}") from error

    def apply(self) -> Done:
        """Applies, and counts what there is then."""
        done = self.must("apply", "specs", "-y")
        self.check_counts(done)
        return done

    def check_counts(self, done: Done) -> None:
        """Exactly what the specs say is there; StepFailed says what is doubled, missing or left over."""
        seen = self.census()
        wanted = {"machines": self.specs.count, "images": 1, "uploads": 0, "key_pairs": 0}
        wanted["snapshots"] = 0 if self.specs.stage == "bundle" else 1
        if self.specs.stage != "bundle":
            wanted["objects"] = 0
        problems = []
        for kind, count in wanted.items():
            there = len(getattr(seen, kind))
            if there != count:
                word = "doubled" if there > count > 0 else "left over" if there > count else "missing"
                problems.append(f"{word}: {there} {kind}, the specs say {count}")
        if problems:
            raise StepFailed("; ".join(problems), done.status, done.last_lines)

    def check_plan_is_empty(self, *more: str) -> None:
        self.must("plan", "specs", "--detailed-exitcode", *more)

    def check_disk(self) -> None:
        """The cloud's own disk of what was staged is the source, byte for byte."""
        seen = self.census()
        found = [self.cloud.holds(one, self.specs.disk) for one in (*seen.images, *seen.snapshots)]
        if False in found:
            raise StepFailed("the disk on the cloud is not the one that was staged")


def check_same(before: Census, after: Census, done: Done) -> None:
    """Everything that is there is what was there; StepFailed names the rest."""
    if before.left != after.left:
        raise StepFailed(f"not as before: {before} → {after}", done.status, done.last_lines)
