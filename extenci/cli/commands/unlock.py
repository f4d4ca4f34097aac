"""`extenci unlock`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from extenci.cli.options import AutoApprove, Paths, ServiceName
from extenci.cli.terminal import is_yes, tell, write_result
from extenci.model.errors import Declined

if TYPE_CHECKING:
    from extenci.api import FoundLease


def unlock(paths: Paths = None, service: ServiceName = None, auto_approve: AutoApprove = False) -> int:
    """End the lease of a command that is dead. Asks for confirmation.

    While a command changes a stack, it holds a lease at each service, so that nobody else does the same from
    elsewhere. A lease ends by itself a minute after its command died, wherever the service says how old it
    is. Do not end the lease of a command that is alive: it would stop half-way, and another could do the same
    things meanwhile.

    \b
    Examples:
      extenci unlock
      extenci unlock specs --service bnl --auto-approve
    """
    from extenci import api

    desired = api.load(paths or (), service=service, tell=tell)
    ended = api.unlock(desired, approve=None if auto_approve else ask)
    if not ended:
        write_result(f"Nobody holds a lease of the stack {desired.stack}.\n")
    for one in ended:
        write_result(f"Ended: {sentence(one)}\n")
    return 0


def ask(found: Sequence[FoundLease]) -> bool:
    """Show the leases, and ask whether to end them; Declined where nobody can be asked."""
    for one in found:
        write_result(f"{sentence(one)}\n")
    if not sys.stdin.isatty():
        raise Declined(
            "Nobody can be asked whether to end these leases, since standard input is no terminal. Nothing "
            "was done.",
            "Give --auto-approve (-y) to end them without confirmation.",
        )
    return is_yes("Are these commands dead, and shall their leases end?")


def sentence(found: FoundLease) -> str:
    """A lease in words."""
    from extenci.report.text.safe import safe

    terms, idle = found.lease.terms, found.lease.idle
    holder = safe(terms.holder) if terms is not None else "the service does not say whose"
    done = "ended" if found.lease.is_ended else "renewed"
    renewed = f", {done} {idle:.0f} s ago" if idle is not None else ""
    return f"the lease on {safe(found.service)} ({safe(found.place)}): {holder}{renewed}"
