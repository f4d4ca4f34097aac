"""From a plan to its result: plan, show, check limits, ask, take the lock, plan again, carry out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from extenci.api.execution import Run, carry_out
from extenci.api.options import Options
from extenci.api.session import Observed, Session, open_locked
from extenci.apply.verification.prerequisites import require_prerequisites
from extenci.catalog.home import Home
from extenci.model.desired import Desired
from extenci.model.errors import Declined, PlanRefused, StalePlan
from extenci.model.outcome import Result
from extenci.model.plan import Plan
from extenci.plan.staleness.compare import Stale, compare_plans
from extenci.plan.staleness.services import comparable


@dataclass(frozen=True)
class Proposal:
    """A plan, and what it was made from."""

    plan: Plan
    observed: Observed


Propose = Callable[[Session], Proposal]
"""Makes the plan of a job. The session holds the lock."""
Agree = Callable[[Plan, Plan], Plan]
"""Given the approved plan and the one made now, returns the plan to carry out (StalePlan)."""


@dataclass(frozen=True)
class Rest:
    """The way to go on with a plan after a part of it was done: `approved` is the whole plan; `is_saved` says
    that nothing else may be done."""

    approved: Plan
    propose: Propose
    is_saved: bool = False


def require_same(approved: Plan, now: Plan) -> Plan:
    """The plan that was made now; StalePlan unless it is the approved one, as far as both could read the
    services. Nothing is done that was not approved."""
    approved, now = comparable(approved, now)
    if approved.changes or now.changes:
        status = compare_plans(approved, now, frozenset(), frozenset())
        if isinstance(status, Stale):
            raise stale_plan(status.differences)
    return now


def carry_out_approved(
    desired: Desired,
    home: Home,
    options: Options,
    propose: Propose,
    run: Run,
    *,
    agree: Agree = require_same,
) -> Result:
    """Ask whether to carry out the plan of a job, unless nobody is to be asked, and carry it out.

    The lock is held while work is done, not while a person is asked; so the plan is made again afterwards.
    Declined, PlanRefused, LockHeld, StalePlan (something changed while the person was asked), and whatever
    planning raises. What fails of the plan is in the result.
    """
    approved = None
    if options.approve is not None:
        with open_locked(desired, home, options) as session:
            approved = propose(session).plan
        _ask(approved, options)
    with open_locked(desired, home, options) as session:
        proposal = propose(session)
        if approved is None:
            plan = proposal.plan
            _check_limits_aloud(plan, options)
        else:
            plan = agree(approved, proposal.plan)
            _check_limits(plan, options)
        return carry_out(session, plan, proposal.observed, run)


def carry_out_unasked(
    desired: Desired, home: Home, options: Options, propose: Propose, run: Run | None = None
) -> Result:
    """Carry out a plan that covers only part of what is desired, so that it fulfils no spec. Nobody is asked.
    LockHeld, and whatever planning raises."""
    with open_locked(desired, home, options) as session:
        proposal = propose(session)
        return carry_out(session, proposal.plan, proposal.observed, run or Run(is_whole=False))


def carry_out_rest(first: Result, desired: Desired, home: Home, options: Options, rest: Rest) -> Result:
    """Carry out what is left of an approved plan, of which a part was done (its result: `first`), under the
    same run. What is more than was approved is shown and asked, if anybody is to be asked. StalePlan where
    the plan is a saved one and no longer holds; whatever `carry_out_approved` raises."""
    with open_locked(desired, home, replace(options, on_plan=lambda _plan: None)) as session:
        proposal = rest.propose(session)
        approved, now = comparable(rest.approved, proposal.plan)
        journal = session.catalog.journal
        begun, done = journal.halfway_changes(first.run), journal.done_changes(first.run)
        status = compare_plans(approved, now, begun, done)
        if not isinstance(status, Stale):
            _check_limits(now, options)
            return carry_out(session, now, proposal.observed, Run(first.run, is_new=False))
    if rest.is_saved:
        raise stale_plan(status.differences)
    options.tell("What is left to do is not what the plan said before:")
    for line in status.differences:
        options.tell(f"  {line}")
    return carry_out_approved(desired, home, options, rest.propose, Run())


def stale_plan(differences: Sequence[str], note: str = "") -> StalePlan:
    """The error for a plan that no longer holds. `note` is a sentence about the comparison."""
    lines = "".join(f"\n  {line}" for line in differences)
    return StalePlan(
        f"The plan is stale: something changed since it was made.{lines}",
        f"{note} Nothing was done. Make a new plan and look at it.".strip(),
    )


def _ask(plan: Plan, options: Options) -> None:
    options.on_plan(plan)
    _check_limits(plan, options)
    require_prerequisites(plan)
    if plan.changes and options.approve is not None and not options.approve(plan):
        raise Declined("Nothing was done.")


def _check_limits_aloud(plan: Plan, options: Options) -> None:
    """A plan that nobody was asked about is shown before it is refused."""
    if plan.refusals and not options.force:
        options.on_plan(plan)
    _check_limits(plan, options)


def _check_limits(plan: Plan, options: Options) -> None:
    if plan.refusals and not options.force:
        raise PlanRefused(" ".join(plan.refusals), "Nothing was done. Give --force if this is intended.")
