"""An HTCondor that lives in memory: jobs that wait, start machines, are held, and outlive them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from extenci.model.desired import DesiredGroup, LaunchSettings
from extenci.model.observed import Job, JobState, Machine, QueueFacts
from extenci.model.ownership import launch_mark, read_marks


@dataclass(frozen=True)
class Ordered:
    """What a job was told of the machine that it is to start, and does not show."""

    settings: LaunchSettings
    tags: Mapping[str, str]


@dataclass
class Queue:
    """The jobs of one service, and what they were told."""

    jobs: dict[str, Job]
    orders: dict[str, Ordered]
    facts: QueueFacts | None = None
    submits: int = 0

    @classmethod
    def of(
        cls, machines: Iterable[Machine], orders: Mapping[str, Ordered], facts: QueueFacts | None
    ) -> Queue:
        """A queue with the jobs that hold machines, or are to."""
        return cls({one.job.id: one.job for one in machines if one.job}, dict(orders), facts)

    def submit(self, group: DesiredGroup, ami: str, tags: Mapping[str, str], count: int) -> list[str]:
        """One cluster of idle jobs."""
        self.submits += 1
        ids = [f"{900 + self.submits}.{number}" for number in range(count)]
        for name in ids:
            self.orders[name] = Ordered(group.settings, tags)
            self.jobs[name] = Job(
                name,
                JobState.IDLE,
                entered=1.0,
                queued=1.0,
                image=ami,
                type=group.settings.type,
                launch=launch_mark(group),
                marks=read_marks(tags),
            )
        return ids

    def run(self, name: str, machine: str) -> None:
        """A job has its machine."""
        self.jobs[name] = replace(self.jobs[name], state=JobState.RUNNING, machine=machine, client_token=name)

    def holder(self, machine: str) -> Job | None:
        """The job that names a machine."""
        return next((job for job in self.jobs.values() if job.machine == machine), None)

    def age(self, seconds: float) -> None:
        """Time goes by."""
        self.jobs = {
            name: replace(job, entered=job.entered - seconds, queued=job.queued - seconds)
            for name, job in self.jobs.items()
        }
