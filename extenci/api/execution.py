"""Carry a plan out, and bring the records up to date."""

from __future__ import annotations

import getpass
import os
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

from extenci.api.session import Observed, Session
from extenci.apply import run as apply_run
from extenci.apply.context import RunContext
from extenci.apply.records import reconcile
from extenci.apply.verification.prerequisites import require_prerequisites
from extenci.model.errors import CatalogError, Interrupted, ServiceError
from extenci.model.journal import UNKNOWN_ORIGIN, RunOrigin
from extenci.model.outcome import Result
from extenci.model.plan import Plan
from extenci.observe.checkout import read_checkout
from extenci.plan.abilities import require_abilities


def new_run_id() -> str:
    """An id that no run has had."""
    return uuid.uuid4().hex


@dataclass(frozen=True)
class Run:
    """One carrying out of a plan. `is_new`: nothing can have been made under its id yet; `is_whole`: the plan
    covers all that the selected specs ask for, so that it fulfils them."""

    id: str = field(default_factory=new_run_id)
    is_new: bool = True
    is_whole: bool = True


def carry_out(session: Session, plan: Plan, observed: Observed, run: Run) -> Result:
    """Carry out a plan that was approved, if anybody was asked. What fails is in the result. PlanError
    where it needs what a service, or this machine, lacks."""
    options = session.options
    require_abilities(plan, session.desired.services, observed.observation)
    require_prerequisites(plan)
    if options.approve is None:
        options.on_plan(plan)
    if run.is_whole:
        plan = plan.with_waits
    result = apply_run.carry_out(
        plan,
        session.desired if run.is_whole else None,
        _context(session, run, read_origin(session) if plan.changes else UNKNOWN_ORIGIN),
        parallelism=options.parallelism,
        command=options.command,
    )
    return _reconcile(session, result, observed if not plan.changes else None)


def read_origin(session: Session) -> RunOrigin:
    """Who begins a run, and the commit that the specs are of."""
    root = session.desired.root
    checkout = read_checkout(Path(root), Path(root))
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # in containers, the number of a user may have no name
        user = str(os.getuid())
    return RunOrigin(user, root, checkout.commit, checkout.dirty)


def _context(session: Session, run: Run, origin: RunOrigin) -> RunContext:
    home, options = session.home, session.options
    return RunContext(
        run.id,
        session.stack,
        session.clients,
        session.catalog,
        options.listener,
        options.stop or Event(),
        clock=session.clock,
        is_new=run.is_new,
        folder=home.jobs_folder,
        keys=home.keys_folder,
        evidence=options.evidence or home.evidence_folder,
        answer=options.answer,
        keep_failed=options.keep_failed,
        cache=home.cache_folder,
        origin=origin,
    )


def _reconcile(session: Session, result: Result, observed: Observed | None) -> Result:
    """Compare the records with the services. The work is done and journalled by now, so its result is
    returned even where this fails: the next command compares them again."""
    try:
        observed = observed or session.observe()
        reconcile(session.catalog, session.stack, observed.records, observed.observation)
    except Interrupted:
        session.options.tell("The records are compared with the services by the next command.")
    except ServiceError as error:
        session.options.tell(f"The records could not be checked: {error.message}")
    except CatalogError as error:
        return replace(result, unrecorded=result.unrecorded or error.message)
    return result
