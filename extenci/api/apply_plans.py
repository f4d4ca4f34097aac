"""Carry out what the specs ask for, or exactly what a saved plan says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from extenci.api.approval import Proposal, Rest, carry_out_approved, stale_plan
from extenci.api.execution import Run
from extenci.api.hooks import tell_result
from extenci.api.options import DEFAULTS, Options
from extenci.api.plans import Planned, make_planned
from extenci.api.questions import Asking, ask_about
from extenci.api.recovery import begin_recovery, end_recovery
from extenci.api.sandbox import sandbox_service
from extenci.api.session import Observed, Session
from extenci.catalog.home import Home
from extenci.catalog.plan_file.file import read_plan
from extenci.catalog.services.files import service_files
from extenci.catalog.trust import allowed_paths
from extenci.model.address import Address
from extenci.model.desired import Desired
from extenci.model.errors import AlreadyApplied
from extenci.model.hook import Event
from extenci.model.outcome import Result
from extenci.model.plan import Plan, SavedPlan
from extenci.model.service import SANDBOX
from extenci.observe.checkout import find_top, read_checkout
from extenci.observe.disks import changed_disks
from extenci.plan.selection import require_matches
from extenci.plan.staleness import compare
from extenci.plan.staleness.compare import Fresh, Stale, compare_plans
from extenci.plan.staleness.elsewhere import find_undone
from extenci.plan.staleness.portable import located_plan, portable_desired
from extenci.plan.staleness.services import comparable
from extenci.plan.staleness.specs import spec_differences
from extenci.spec.files.saved_root import find_saved_root
from extenci.spec.load import load_desired
from extenci.spec.root import find_root
from extenci.spec.services.library import SANDBOX_STAND_IN
from extenci.spec.words import shown


def apply(
    desired: Desired, *, home: Home | None = None, destroy: bool = False, options: Options = DEFAULTS
) -> Result:
    """Make the services what the specs say, or with `destroy` remove all that is owned.

    `options.approve` is asked first, and `options.ask` about test VMs once all else is done. Declined,
    PlanRefused, LockHeld, StalePlan (something changed while a person was asked), and whatever planning
    raises. What fails of the plan is in the result.
    """
    home = home or Home.find()

    def propose(session: Session) -> Proposal:
        planned, observed = recover_and_plan(session, destroy=destroy)
        require_matches(desired, observed.observation, observed.records)
        return Proposal(planned.plan, observed)

    result = carry_out_approved(desired, home, options, propose, Run())
    result = ask_about(result, Asking(desired, home, options, lambda plan: Rest(plan, propose)))
    return tell_result(desired, Event.APPLY, result, home, options)


def apply_saved(
    path: Path, *, root: Path | None = None, home: Home | None = None, options: Options = DEFAULTS
) -> Result:
    """Carry out a saved plan exactly, or the rest of it where an earlier run was cut off. `root` is the
    folder of its specs in this checkout; None: where they were when the plan was made.

    StalePlan where the specs, the services or anything else changed since it was made, AlreadyApplied where
    nothing of it is left to do, UsageError where its specs are not found, and whatever `apply` raises.
    """
    home, saved = home or Home.find(), read_plan(path)
    options = replace(options, force=options.force or saved.force)

    def propose(session: Session) -> Proposal:
        planned, observed = recover_and_plan(session, destroy=saved.plan.destroy)
        return Proposal(_remainder(session, saved, planned, observed), observed)

    def propose_now(session: Session) -> Proposal:
        planned, observed = recover_and_plan(session, destroy=saved.plan.destroy)
        return Proposal(planned.plan, observed)

    desired = _load_saved(saved, root, home)
    _tell_origin(saved, Path(desired.root), options)
    result = carry_out_approved(desired, home, options, propose, Run(saved.id, is_new=False))
    rest = Rest(located_plan(saved.plan, desired.root), propose_now, is_saved=True)
    result = ask_about(result, Asking(desired, home, options, lambda _done: rest))
    return tell_result(desired, Event.APPLY, result, home, options)


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
        raise stale_plan(tuple(_describe_disk(address, planned) for address in changed))
    journal = session.catalog.journal
    begun, done = journal.halfway_changes(saved.id), journal.done_changes(saved.id)
    if not begun | done and (undone := find_undone(saved.id, observed.observation)):
        raise stale_plan(undone)
    old, now = comparable(located_plan(saved.plan, session.desired.root), planned.plan)
    is_whole = len(old.changes) == len(saved.plan.changes)
    match compare_plans(old, now, begun, done):
        case compare.AlreadyApplied() if now.awaited or not is_whole:
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


def _describe_disk(address: Address, planned: Planned) -> str:
    if address in planned.disks:
        return f"{address}: the disk's content changed"
    return f"{address}: its disk is not here"


def _with_waiver(plan: Plan, saved: SavedPlan) -> Plan:
    """The plan, with a warning where it passes limits because it was saved with --force."""
    if not (saved.force and plan.refusals):
        return plan
    return replace(plan, warnings=(*plan.warnings, "It was saved with --force: the limits are waived."))


def _load_saved(saved: SavedPlan, root: Path | None, home: Home) -> Desired:
    """The specs of a saved plan as they are in this checkout (StalePlan where they say something else).

    A plan file alone must not say where requests go that are signed with this user's keys, nor which files
    are sent there. The sandbox may have other ports by now.
    """
    here = Path.cwd()
    if root is None:
        root = find_saved_root(saved.made_in, saved.plan.stack, here, find_top(here))
    uses_sandbox = SANDBOX in saved.desired.touched_services
    desired = load_desired(
        [find_root(root)],
        catalog_services=service_files(home),
        sandbox=(lambda: sandbox_service(home)) if uses_sandbox else SANDBOX_STAND_IN,
        allowed=allowed_paths(home),
    )
    if changed := spec_differences(saved.desired, portable_desired(desired)):
        raise stale_plan(changed, f"It was compared with the specs in {shown(desired.root)}.")
    return replace(desired, selection=saved.desired.selection)


def _tell_origin(saved: SavedPlan, root: Path, options: Options) -> None:
    """Say when and from which commit a plan was made, and which one is here where that is another."""
    made = datetime.fromtimestamp(saved.made, UTC).strftime("%Y-%m-%d %H:%M UTC")
    now = read_checkout(root, Path.cwd())
    origin = f" from {saved.made_in}" if saved.made_in.commit else ""
    is_other = now.commit and str(now) != str(saved.made_in)
    here = f"; here is {now}, whose specs say the same" if is_other else ""
    options.tell(f"The plan was made on {made}{origin}{here}.")
