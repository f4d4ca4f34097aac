"""One try: a user (or two), a stack, a command under faults, the same again, and the end of it all."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path

from tests.faults.bench.bench import Bench
from tests.faults.bench.command import Done
from tests.faults.bench.disk import LARGE, SMALL
from tests.faults.bench.queue import Queue
from tests.faults.bench.state import State
from tests.faults.bench.user import SERVICE, Specs, User
from tests.faults.case import CONDOR, Case
from tests.faults.network.failures import Failures
from tests.faults.network.hiding import Hiding
from tests.faults.network.kill import Kill, Moment
from tests.faults.report import LARGE_MIB, Kind, Report
from tests.faults.wanted import Wanted, judge, judge_early

PERCENT = 30
PATIENT = ("--lock-timeout", "3m")
"""A dead command's lease lasts for two minutes where lists may be late."""
REPEATS = (0.0, 0.0, 1.0)
"""Seconds of waiting before each time that the command is given again, without faults."""
REPEATS_WHILE_HIDDEN = (*REPEATS, 5.0, 20.0, 40.0)
PATIENCE = (0.0, 35.0, 35.0)
"""Seconds of waiting before destroy and gc are given again, where something is left: what may still be in
the making is waited for, and not removed."""


class Over(Exception):
    """The rest of the try would say nothing: a command hangs, or cannot be done."""


class Attempt:
    """What scenarios are written in."""

    def __init__(self, bench: Bench, case: Case, seed: int, folder: Path) -> None:
        self.bench, self.case, self.seed = bench, case, seed
        self.report = Report(str(case), seed)
        self.rng = random.Random(f"{case}:{seed}")  # noqa: S311 - no secret
        self.stack = f"lab-{seed}"
        size = self.rng.choices((SMALL, LARGE), (8, 1))[0]
        self.specs = Specs(folder / "specs", self.stack, case.method, case.launch, size)
        tags = self._draw_tags()
        declares = self.rng.choice(({}, {"all": True}, {"all": True}))
        self.users = [
            User(bench, name, folder, self.specs, tags, declares) for name in "ab"[: case.scenario.homes]
        ]
        self.queue = Queue(bench.pool) if case.launch == CONDOR else None
        self.report.about = f"tags {tags}, {'as AWS' if declares else 'unknown abilities'}, {size >> 10} KiB"
        self.before: State = bench.truth.state()

    @property
    def user(self) -> User:
        return self.users[0]

    def go(self) -> Report:
        """The whole try."""
        begun = time.monotonic()
        network = self.bench.network
        network.log.clear()
        self._hide()
        try:
            with suppress(Over):
                self._begin()
                self.case.scenario.run(self)
            if not self.report.kinds & {Kind.UNDONE, Kind.HANG} or not self.case.fault.hides:
                with suppress(Over):
                    self._finish()
        finally:
            network.calm()
            network.hiding = None
            self._check_others()
            if self.queue is not None:
                self.queue.remove(self.stack)
            self.bench.truth.clear(self.bench.foreign)
            for user in self.users:
                user.leave()
        self._look_at_commands()
        self.report.seconds = time.monotonic() - begun
        self.report.calls = [
            f"{one.at - begun:7.2f} {one.key[-1:] or '-'} {one.outcome:<13} {one.action} {one.detail[:150]}"
            for one in network.log
        ]
        return self.report

    def must(self, *words: str, statuses: Collection[int] = (0,)) -> Done:
        """A step that leads to where the scenario begins, without faults, again and again until it is
        done."""
        return self._until(self.user, words, lambda done: done.status in statuses)

    def kill_once(self, *words: str) -> None:
        """A step that leads to where the scenario begins: the command is killed on its way."""
        network = self.bench.network
        network.kill = kill = Kill(self.user.key, self.rng.randint(1, 4), self.rng.choice([*Moment]))
        running = self.user.start(*words)
        kill.aim(running.pid)
        done = running.wait()
        network.calm()
        self.report.about += f", before: {kill}" if kill.at else ""
        self._note(done)

    def suffer(self, *words: str, wanted: Wanted, statuses: Collection[int] = (0,)) -> None:
        """The command of the scenario, under faults, by all users at once; then again, without, until it is
        done by each; then a look at what is there."""
        self._under_faults(words, self.users, wanted)
        self.settle(*words, users=self.users, wanted=wanted, statuses=statuses)

    def hand_over(self, *words: str, wanted: Wanted) -> None:
        """The command under faults by the first user; then, without, by the second, and by the first."""
        self._under_faults(words, self.users[:1], wanted)
        self.settle(*words, users=self.users[::-1], wanted=wanted)

    def settle(
        self, *words: str, users: Sequence[User], wanted: Wanted, statuses: Collection[int] = (0,)
    ) -> None:
        """The command again until it is done. Where 0 is not the only end, it is done once what is wanted is
        there."""

        def is_done(done: Done) -> bool:
            if done.status not in statuses:
                return self.case.scenario.by_hand and done.status == 1 and not self._compare(wanted)
            found = self._compare(wanted)
            if done.status == 0:
                for finding in found:
                    self.report.find(*finding)
            return done.status == 0 or not found

        for user in users:
            self._until(user, words, is_done)
        for finding in self._compare(wanted):
            self.report.find(*finding)

    def _compare(self, wanted: Wanted) -> list[tuple[Kind, str]]:
        new = self.bench.truth.state().new_since(self.before)
        return judge(new, wanted, lambda snapshot: self.bench.holds(snapshot, self.specs.content))

    def _until(self, user: User, words: Sequence[str], is_done: Callable[[Done], bool]) -> Done:
        """A command that waits for the lease of another home's, which may be dead."""
        text = ""
        words = (*words, *(PATIENT if len(self.users) > 1 else ()))
        pauses = REPEATS_WHILE_HIDDEN if self.case.fault.hides else REPEATS
        for pause in pauses:
            time.sleep(pause)
            done = self._note(user.run(*words))
            if is_done(done):
                return done
            text = done.text[-300:]
        times = f"extenci {' '.join(words)}, {len(pauses)} times"
        self.report.find(Kind.UNDONE, f"{times}; the last: {text}")
        raise Over

    def _under_faults(self, words: Sequence[str], users: Sequence[User], wanted: Wanted) -> None:
        network = self.bench.network
        network.kill = kill = self._draw_kill() if self.case.fault.kills else None
        network.failures = Failures(f"{self.seed}", PERCENT) if self.case.fault.fails else None
        failures = network.failures
        if len(users) > 1:
            time.sleep(self.rng.choice((0.0, 0.0, self.rng.random())))
        running = []
        for user in users:
            one = user.start(*words)
            if kill is not None and user is self.user:
                kill.aim(one.pid)
            running.append(one)
            time.sleep(self.rng.choice((0.0, 0.0, self.rng.random() / 2)) if len(users) > 1 else 0)
        ended = [one.wait() for one in running]
        if kill is not None:
            kill.disarm()
        network.calm()
        if kill is not None and kill.at:
            self.report.killed_at.append(str(kill))
            self.report.about += f", {kill}"
        self.report.failed_calls += failures.failed if failures else 0
        for done in ended:
            self._note(done)
        found = judge_early(self.bench.truth.state().new_since(self.before), wanted)
        if all(done.status == 0 for done in ended):
            found += self._compare(wanted)
        for finding in found:
            self.report.find(*finding)

    def _draw_kill(self) -> Kill:
        is_kill = "kill" in self.case.fault
        changing = self.rng.random() < 0.8
        nth = self.rng.randint(1, self.case.scenario.calls * (1 if changing else 4))
        moment = self.rng.choice([*Moment])
        number = signal.SIGKILL if is_kill else signal.SIGINT
        waits = self.case.launch == CONDOR and self.rng.random() < 0.7  # most of the time for its jobs
        seconds = self.rng.uniform(0.5, 12.0) if waits else 0.0
        return Kill(self.user.key, nth, moment, number, changing, seconds)

    def _draw_tags(self) -> str:
        one = self.case.scenario.homes == 1 and not self.case.scenario.by_hand
        return self.rng.choices(("create", "after", "none"), (7, 2, 1 if one else 0))[0]

    def _hide(self) -> None:
        if not self.case.fault.hides:
            return
        seconds = self.rng.choice((3.0, 6.0, 10.0, self.rng.uniform(6, 30), self.rng.uniform(6, 30)))
        self.report.about += f", hidden up to {seconds:.0f} s"
        self.bench.network.hiding = Hiding(f"{self.seed}", seconds)

    def _begin(self) -> None:
        self.specs.write()
        for user in self.users:
            user.write_service()
            if user.tags == "none":
                self._note(user.run("catalog", "init", SERVICE))

    def _finish(self) -> None:
        """Everything is removed, as the user would; what is left then is a leak."""
        left = ""
        for pause in PATIENCE:
            time.sleep(pause)
            self._remove_all()
            left = self._left()
            if not left:
                return
            if self.bench.network.hiding is not None:
                self.bench.network.hiding.reveal()
        self.report.find(Kind.LEAK, left)

    def _remove_all(self) -> None:
        for user in self.users:
            if self.case.scenario.by_hand:
                self._note(user.run("unstage", "worker", SERVICE, "--stack", self.stack, "-y"))
                self._note(user.run("gc", "--stack", self.stack, "--service", SERVICE, "-y"))
            else:
                if user is self.user:
                    self._until(user, ("destroy", "specs", "-y"), lambda done: done.status == 0)
                self._until(user, ("gc", "specs", "-y"), lambda done: done.status == 0)

    def _left(self) -> str:
        left = str(self.bench.truth.state().new_since(self.before))
        jobs = self.queue.jobs(self.stack) if self.queue is not None else []
        return "; ".join(one for one in (left, *(f"job {job}" for job in jobs)) if one)

    def _check_others(self) -> None:
        lost = self.bench.truth.state().lost_of(self.bench.foreign)
        if lost:
            self.report.find(Kind.WRONG, f"of others, gone or changed: {'; '.join(map(str, lost))}")

    def _note(self, done: Done) -> Done:
        self.report.commands.append(done)
        if done.hung:
            self.report.find(Kind.HANG, f"extenci {' '.join(done.words)} did not end in {done.seconds:.0f} s")
            raise Over
        return done

    def _look_at_commands(self) -> None:
        for done in self.report.commands:
            if done.is_defect:
                self.report.find(Kind.DEFECT, f"extenci {' '.join(done.words)}: {done.text[-500:]}")
            if done.mib > LARGE_MIB:
                self.report.find(Kind.LARGE, f"extenci {' '.join(done.words)} took {done.mib:.0f} MiB")
