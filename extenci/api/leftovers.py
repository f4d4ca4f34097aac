"""Remove what interrupted runs left behind."""

from __future__ import annotations

from dataclasses import replace

from extenci.api.approval import Proposal, carry_out_approved
from extenci.api.execution import Run
from extenci.api.options import DEFAULTS, Options
from extenci.api.recovery import recover_for_gc
from extenci.api.session import Observed, Session, open_session
from extenci.apply.leftovers import read_leftovers
from extenci.catalog.home import Home
from extenci.catalog.lock import is_free
from extenci.model.desired import Desired
from extenci.model.outcome import Result
from extenci.model.plan import Plan
from extenci.plan.commands.gc import plan_gc
from extenci.plan.inputs import queued_services

AT_WORK = (
    "Another command is at work on this stack: some of what is listed may be its own. `extenci gc` waits for "
    "its end."
)


def gc(desired: Desired, *, home: Home | None = None, options: Options = DEFAULTS) -> Result:
    """Find what interrupted runs left behind (test VMs, snapshots that became no image, uploads, key pairs,
    files), ask, and remove it. Declined, LockHeld, and whatever reading services raises."""
    home = home or Home.find()
    return carry_out_approved(desired, home, options, propose_gc, Run(is_whole=False), agree=_approved_only)


def preview_gc(desired: Desired, *, home: Home | None = None, options: Options = DEFAULTS) -> Plan:
    """The plan that `gc` would carry out now. Only calls that read are sent, and no lock is taken, so what a
    command at work still needs may be in it: a warning says so. Whatever reading services raises."""
    home = home or Home.find()
    with open_session(desired, home, options) as session:
        plan = propose(session, session.observe()).plan
    return plan if is_free(home, desired.stack) else replace(plan, warnings=(*plan.warnings, AT_WORK))


def propose_gc(session: Session) -> Proposal:
    """The plan that removes what is left behind. The session must hold the lock."""
    return propose(session, recover_for_gc(session))


def propose(session: Session, observed: Observed) -> Proposal:
    """The plan that removes what is left behind of what was observed."""
    queues = queued_services(session.desired, observed.records)
    left = read_leftovers(
        session.desired,
        session.clients,
        session.catalog.journal,
        session.home,
        session.failures,
        queues,
        session.clock,
    )
    observation = observed.observation.without(session.failures.unread)
    plan = plan_gc(session.desired, observation, observed.records, session.clock(), left)
    return Proposal(plan, Observed(observed.records, observation))


def _approved_only(approved: Plan, now: Plan) -> Plan:
    """The changes of the plan made now that were approved: what was removed meanwhile, or left behind only
    since, makes no plan stale."""
    return replace(now, changes=tuple(change for change in now.changes if change in approved.changes))
