"""Carry out what the specs ask for, or exactly what a saved plan says."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from extenci.api.approval import Proposal, carry_out_approved, stale_plan
from extenci.api.execution import Run
from extenci.api.options import DEFAULTS, Options
from extenci.api.plans import Planned, make_planned
from extenci.api.recovery import begin_recovery, end_recovery
from extenci.api.sandbox import sandbox_service
from extenci.api.session import Observed, Session
from extenci.catalog.home import Home
from extenci.catalog.plan_file.file import read_plan
from extenci.catalog.services.files import service_files
from extenci.catalog.trust import source_folders
from extenci.model.address import Address
from extenci.model.desired import Desired
from extenci.model.errors import AlreadyApplied, SpecError
from extenci.model.outcome import Result
from extenci.model.plan import Plan, SavedPlan
from extenci.model.service import SANDBOX
from extenci.observe.disks import changed_disks
from extenci.plan.selection import require_matches
from extenci.plan.staleness import compare
from extenci.plan.staleness.compare import Fresh, Stale, compare_plans
from extenci.plan.staleness.elsewhere import find_undone
from extenci.plan.staleness.services import comparable
from extenci.spec.own_file import source_problems
from extenci.spec.root import SETTINGS_FILE
from extenci.spec.services.file import read_service


def apply(
    desired: Desired, *, home: Home | None = None, destroy: bool = False, options: Options = DEFAULTS
) -> Result:
    """Make the services what the specs say, or with `destroy` remove all that is owned.

    `options.approve` is asked first. Declined, PlanRefused, LockHeld, StalePlan (something changed while a
    person was asked), and whatever planning raises. What fails of the plan is in the result.
    """

    def propose(session: Session) -> Proposal:
        planned, observed = recover_and_plan(session, destroy=destroy)
        require_matches(desired, observed.observation, observed.records)
        return Proposal(planned.plan, observed)

    return carry_out_approved(desired, home or Home.find(), options, propose, Run())


def apply_saved(path: Path, *, home: Home | None = None, options: Options = DEFAULTS) -> Result:
    """Carry out a saved plan exactly, or the rest of it where an earlier run was cut off.

    StalePlan where something changed since it was made, AlreadyApplied where nothing of it is left to do, and
    whatever `apply` raises.
    """
    home, saved = home or Home.find(), read_plan(path)
    options = replace(options, force=options.force or saved.force)

    def propose(session: Session) -> Proposal:
        planned, observed = recover_and_plan(session, destroy=saved.plan.destroy)
        return Proposal(_remainder(session, saved, planned, observed), observed)

    desired = _with_current_services(saved.desired, home)
    _require_own_sources(desired, home)
    return carry_out_approved(desired, home, options, propose, Run(saved.id, is_new=False))


def recover_and_plan(
    session: Session, *, destroy: bool = False, again: frozenset[Address] = frozenset()
) -> tuple[Planned, Observed]:
    """Settle the calls of runs that died, and plan. The session must hold the lock."""
    recovery = begin_recovery(session)
    planned, observed = make_planned(session, destroy=destroy, again=again)
    end_recovery(session, recovery, observed)
    return planned, observed


def _remainder(session: Session, saved: SavedPlan, planned: Planned, observed: Observed) -> Plan:
    """The part of a saved plan that is left to do, as it would be done now (StalePlan, AlreadyApplied)."""
    before = {Address.parse(text): disk for text, disk in saved.disks.items()}
    if changed := changed_disks(session.desired, before, planned.disks):
        raise stale_plan(tuple(f"{address}: the disk's content changed" for address in changed))
    journal = session.catalog.journal
    begun, done = journal.halfway_changes(saved.id), journal.done_changes(saved.id)
    if not begun | done and (undone := find_undone(saved.id, observed.observation)):
        raise stale_plan(undone)
    old, now = comparable(saved.plan, planned.plan)
    is_whole = len(old.changes) == len(saved.plan.changes)
    match compare_plans(old, now, begun, done):
        case compare.AlreadyApplied() if not is_whole:
            return replace(now, changes=())
        case compare.AlreadyApplied():
            raise AlreadyApplied(
                "This plan was already applied: nothing of it is left to do.",
                "When the specs change, make a new one with `extenci plan --out FILE`.",
            )
        case Stale(differences=differences):
            raise stale_plan(differences)
        case Fresh():
            return _with_waiver(now, saved)
        case rest:
            return _with_waiver(rest.plan, saved)


def _with_waiver(plan: Plan, saved: SavedPlan) -> Plan:
    """The plan, with a warning where it passes limits because it was saved with --force."""
    if not (saved.force and plan.refusals):
        return plan
    return replace(plan, warnings=(*plan.warnings, "It was saved with --force: the limits are waived."))


def _require_own_sources(desired: Desired, home: Home) -> None:
    """SpecError where a saved plan names disks that its specs could not have named. Nor may a plan file alone
    say what a spec root is (StalePlan): a folder without settings has no disks of its own."""
    root, folders = Path(desired.root), source_folders(home)
    if not root.joinpath(SETTINGS_FILE).is_file() and not all(
        service.on_loopback for service in desired.services.values()
    ):
        raise stale_plan((f"{root} is no spec root: it has no {SETTINGS_FILE}",))
    if problems := source_problems(Path(os.path.realpath(root)), desired.images, folders):
        raise SpecError(problems)


def _with_current_services(desired: Desired, home: Home) -> Desired:
    """The specs of a saved plan with the services as they are described here now (StalePlan where they
    differ).

    A plan file alone must not say where requests go that are signed with this user's keys. The sandbox may
    have other ports by now.
    """
    files, current = service_files(home), {}
    for name, saved in desired.services.items():
        if name == SANDBOX:
            current[name] = sandbox_service(home)
            continue
        current[name] = read_service(files.get(name, Path(desired.root) / "services" / f"{name}.yaml"), name)
        if replace(current[name], file="") != replace(saved, file=""):
            raise stale_plan((f"{name}: the service is described differently now",))
    return replace(desired, services=current)
