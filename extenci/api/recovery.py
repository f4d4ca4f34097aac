"""What became of the calls of runs that died. The session must hold the lock."""

from __future__ import annotations

import time

from extenci.api.session import Observed, Session
from extenci.apply.recovery import (
    close_intents,
    drop_left_key_pairs,
    finish_imports,
    repeat_untagged_starts,
    tag_imports,
)
from extenci.model.address import Tagging
from extenci.model.errors import CatalogError


def recover(session: Session) -> Observed:
    """Settle the calls of runs that died, and observe (CatalogError where records are missing)."""
    begin_recovery(session)
    observed = session.observe()
    end_recovery(session, observed)
    return observed


def begin_recovery(session: Session) -> None:
    """Finish or repeat the calls that cannot be judged by what is observed."""
    finish_calls(session)
    require_records(session)


def end_recovery(session: Session, observed: Observed) -> None:
    """Record what became of the other calls, and delete the key pairs that test VMs left behind."""
    close_calls(session, observed)
    drop_left_key_pairs(
        session.stack, session.clients, observed.observation, session.catalog.journal, session.home.keys_folder
    )


def recover_for_gc(session: Session) -> Observed:
    """Settle the calls of runs that died, and observe. Nothing is deleted: `gc` asks first."""
    finish_calls(session)
    tag_imports(session.stack, session.clients, session.catalog.journal)
    observed = session.observe()
    close_calls(session, observed)
    return observed


def finish_calls(session: Session) -> None:
    """Repeat starts whose results carry no tags, and follow imports to their ends."""
    journal, stack, clients = session.catalog.journal, session.stack, session.clients
    repeat_untagged_starts(journal.unsettled(stack), clients, journal, time.time())
    finish_imports(journal.unsettled(stack), clients, journal, session.options.tell)


def close_calls(session: Session, observed: Observed) -> None:
    """Record what became of calls, judging by what is observed."""
    journal = session.catalog.journal
    close_intents(journal.unsettled(session.stack), observed.observation, journal)


def require_records(session: Session) -> None:
    """CatalogError where a service takes no tags and there are no records of it: only the records tell what is
    owned there, so all that was made from another home would be made again."""
    known = session.catalog.services_with_records(session.stack)
    for name, clients in session.clients.items():
        if clients.service.tags is not Tagging.NONE or name in known or session.catalog.is_initialised(name):
            continue
        raise CatalogError(
            f"The service {name} has no tags, so only the records here tell what is owned there, and there are "
            f"none of the stack {session.stack}.",
            f"If nothing was made there yet, run `extenci catalog init {name}`; otherwise apply where the "
            "records are. Nothing was done.",
        )
