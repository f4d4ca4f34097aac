"""Settle the calls of runs that died, before anything is planned. The session must hold the lock."""

from __future__ import annotations

import shlex
from pathlib import Path

from extenci.api.session import Observed, Session
from extenci.apply.recovery import Recovery
from extenci.model.errors import CatalogError
from extenci.model.service import Tagging
from extenci.spec.root import find_root


def recover(session: Session) -> Observed:
    """Settle the calls of runs that died, and observe (CatalogError where records are missing)."""
    recovery = begin_recovery(session)
    observed = session.observe()
    end_recovery(session, recovery, observed)
    return observed


def begin_recovery(session: Session) -> Recovery:
    """Finish the staging that was begun; CatalogError where records are missing."""
    recovery = _finish_staging(session)
    require_records(session)
    return recovery


def end_recovery(session: Session, recovery: Recovery, observed: Observed) -> None:
    """Record what became of the other calls, and delete the key pairs that test VMs left behind."""
    recovery.close(observed.observation)
    recovery.delete_key_pairs(observed.observation, session.home.keys_folder)


def recover_for_gc(session: Session) -> Observed:
    """Settle the calls of runs that died, and observe. Nothing is deleted: `gc` asks first."""
    recovery = _finish_staging(session)
    recovery.claim()
    observed = session.observe()
    recovery.close(observed.observation)
    return observed


def require_records(session: Session) -> None:
    """CatalogError where a service takes no tags and there are no records of it: only the records tell what
    is owned there, so all that was made from another home would be made again."""
    known = session.catalog.services_with_records(session.stack)
    for name, clients in session.clients.items():
        if clients.service.tags is not Tagging.NONE or name in known or session.catalog.is_initialised(name):
            continue
        raise CatalogError(
            f"The service {name} has no tags, so only the records here tell what is owned there, and there "
            f"are none of the stack {session.stack}.",
            f"If nothing was made there yet, run `{init_command(session, name)}`; otherwise apply where the "
            "records are. Nothing was done.",
        )


def init_command(session: Session, service: str) -> str:
    """The command that begins the records of a service. It names the spec root where the service is its own
    and the user is elsewhere."""
    root = session.desired.root
    is_own = Path(session.clients[service].service.file).is_relative_to(root)
    named = [root] if is_own and str(find_root(Path())) != root else []
    return shlex.join(["extenci", "catalog", "init", service, *named])


def _finish_staging(session: Session) -> Recovery:
    journal, failures = session.catalog.journal, session.failures
    options = session.options
    recovery = Recovery(session.stack, session.clients, journal, options.tell, failures, options.stop)
    recovery.finish_staging(session.clock())
    return recovery
