"""End leases whose command is dead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from extenci.api.options import DEFAULTS, Options
from extenci.api.session import open_session
from extenci.catalog.home import Home
from extenci.cloud.leases.stores import stores_of
from extenci.model.desired import Desired
from extenci.model.errors import Declined
from extenci.model.lease import StoredLease


@dataclass(frozen=True)
class FoundLease:
    """The lease of a stack on a service, and where it is kept."""

    service: str
    place: str
    lease: StoredLease


def unlock(
    desired: Desired,
    *,
    approve: Callable[[Sequence[FoundLease]], bool] | None = None,
    home: Home | None = None,
    options: Options = DEFAULTS,
) -> tuple[FoundLease, ...]:
    """Delete the leases of a stack on the selected services, once `approve` has agreed (None: it is not
    asked); those that there were. A command that holds one, and is alive after all, changes nothing more
    once it has noticed, when it renews its lease the next time.

    Declined; ServiceError and its kinds.
    """
    with open_session(desired, home or Home.find(), options) as session:
        stores = {
            (name, store.place): store
            for name, clients in session.clients.items()
            for store in stores_of(clients, session.stack)
        }
        found = tuple(
            FoundLease(name, place, lease)
            for (name, place), store in sorted(stores.items(), key=lambda one: one[0])
            if (lease := store.read()) is not None
        )
        if found and approve is not None and not approve(found):
            raise Declined("Nothing was done.")
        for one in found:
            stores[one.service, one.place].delete()
    return found
