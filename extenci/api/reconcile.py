"""The loop of GitOps: each pass takes the newest commit of a branch, and has the services match its specs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event as Stop

from extenci.api.apply_plans import apply
from extenci.api.hooks import tell_hooks
from extenci.api.options import DEFAULTS, Options
from extenci.api.plans import plan
from extenci.api.specs import load
from extenci.catalog.files import write_whole
from extenci.catalog.home import Home
from extenci.catalog.reconciled import ReconcileFolder
from extenci.cloud.git.checkout import root_in, take_newest
from extenci.cloud.git.origin import find_origin
from extenci.model.desired import Desired
from extenci.model.errors import CatalogError, ExtenciError, Interrupted, PlanRefused
from extenci.model.hook import Event
from extenci.model.outcome import Result
from extenci.model.reconcile import LastPass, Pass
from extenci.report.hook.json import hook_document
from extenci.report.reconcile.json import pass_document
from extenci.report.reconcile.metrics import render_metrics
from extenci.report.reconcile.summary import is_news, last_pass_of
from extenci.spec.root import find_root

READABLE = 0o644


@dataclass(frozen=True)
class Reconciler:
    """Reconciles one spec root, which nobody else does from this home meanwhile."""

    root: Path
    branch: str | None
    home: Home
    kept: ReconcileFolder

    def run_pass(
        self, *, detect: bool = False, metrics: Path | None = None, options: Options = DEFAULTS
    ) -> Pass:
        """Take the newest commit, and carry out what its specs ask for within the limits, or with `detect`
        only plan it. What fails, and what needs a person, is in the pass; hooks are told, and `metrics` is
        written."""
        began = time.monotonic()
        begun = Pass(time.time(), 0.0, str(self.root))
        folder, done = self._reconcile(begun, detect, options)
        done = replace(done, seconds=time.monotonic() - began)
        before = self.kept.last
        last = last_pass_of(done, before)
        self._keep(done, last, metrics, options)
        if folder is not None and options.hooks and is_news(last, before):
            document = hook_document(Event.RECONCILE, time.time(), done.stack, {"pass": pass_document(done)})
            tell_hooks(folder, self.root, Event.RECONCILE, document, self.home, options)
        return done

    def _reconcile(self, found: Pass, detect: bool, options: Options) -> tuple[Path | None, Pass]:
        """The folder of the specs, None where it could not be had, and the pass."""
        folder = None
        try:
            folder, found = self._take(found, options.stop or Stop())
            desired = load([folder], home=self.home)
            desired = replace(desired, root=str(self.root))
            found = replace(found, stack=desired.stack)
            if detect:
                made = plan(desired, home=self.home, listener=options.listener, stop=options.stop).plan
                options.on_plan(made)
                return folder, replace(found, plan=made)
            results, left = self._carry_out(desired, replace(options, hooks=False))
        except Interrupted:
            return folder, replace(found, interrupted=True)
        except ExtenciError as error:
            return folder, replace(found, error=error.message, hint=error.hint)
        cut_off = options.stop is not None and options.stop.is_set() and not all(one.ok for one in results)
        return folder, replace(found, results=results, left=left, interrupted=cut_off)

    def _take(self, found: Pass, stop: Stop) -> tuple[Path, Pass]:
        """The folder of the newest specs, and the pass with their commit."""
        origin = find_origin(self.root, self.branch, stop)
        if origin is None:
            return self.root, found
        commit = take_newest(origin, self.kept.checkout, stop)
        found = replace(found, commit=commit, branch=origin.branch)
        return root_in(self.kept.checkout, origin.below), found

    def _carry_out(self, desired: Desired, options: Options) -> tuple[tuple[Result, ...], tuple[str, ...]]:
        """The results, and what is left for a person. A limit of one service keeps back nothing of others."""
        try:
            return (apply(desired, home=self.home, options=options),), ()
        except PlanRefused as error:
            services = desired.touched_services
            if len(services) == 1:
                return (), (error.message,)
            return self._carry_out_each(desired, services, options)

    def _carry_out_each(
        self, desired: Desired, services: Sequence[str], options: Options
    ) -> tuple[tuple[Result, ...], tuple[str, ...]]:
        results, left = [], []
        for name in services:
            selection = replace(desired.selection, services=frozenset({name}))
            try:
                results.append(apply(replace(desired, selection=selection), home=self.home, options=options))
            except PlanRefused as error:
                left.append(error.message)
        return tuple(results), tuple(left)

    def _keep(self, done: Pass, last: LastPass, metrics: Path | None, options: Options) -> None:
        try:
            self.kept.keep(last)
        except CatalogError as error:
            options.tell(error.message)
        if metrics is not None:
            try:
                write_whole(metrics, render_metrics(done, last).encode(), mode=READABLE)
            except OSError as error:
                options.tell(f"The metrics cannot be written to {metrics}: {error.strerror or error}.")


@contextmanager
def open_reconciler(
    root: Path = Path(),
    *,
    branch: str | None = None,
    home: Home | None = None,
    command: str = "extenci reconcile",
) -> Iterator[Reconciler]:
    """A reconciler of a spec root (LockHeld, CatalogError, UsageError). In a git repository it follows a
    branch, by default the one that is checked out, at the remote that this follows; the folder itself is left
    alone. Elsewhere the folder is taken as it is."""
    home = home or Home.find()
    folder = Path(os.path.realpath(find_root(root)))
    kept = ReconcileFolder(home, folder)
    with kept.locked(command):
        yield Reconciler(folder, branch, home, kept)


def find_last_pass(root: str, home: Home) -> LastPass | None:
    """What is kept of the last pass of a spec root; None where it was never reconciled from this home."""
    return ReconcileFolder(home, Path(root)).last
