"""Reading the leftovers of interrupted runs: key pairs, objects in S3, and files of this home."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from extenci.catalog.home import Home
from extenci.catalog.journal.journal import Journal
from extenci.catalog.journal.key_pairs import MadeKeyPair
from extenci.launch.engines import ENGINES
from extenci.model.address import Address
from extenci.model.desired import Desired
from extenci.model.leftovers import Leftovers, Uploaded
from extenci.model.observed import KeyPair
from extenci.model.verification import KEY_PAIR_PREFIX
from extenci.observe.failures import Failures
from extenci.observe.leftovers import unused_cache, unused_job_files, unused_keys, unused_upload_files
from extenci.stage.methods import read_uploaded

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients


def read_leftovers(
    desired: Desired,
    clients: Mapping[str, Clients],
    journal: Journal,
    home: Home,
    failures: Failures,
    queues: frozenset[str] = frozenset(),
    clock: Callable[[], float] = time.time,
) -> Leftovers:
    """The stack's possible leftovers on its services and in this home. The lock must be held, so that no run
    of this home is at work. `queues` names the services whose schedd is asked; unless all of them answer, no
    file counts as unneeded that a job may need.

    A service that fails is noted in `failures`, and what is left there is not known. ServiceError and its
    kinds where none is left; CatalogError.
    """
    known, now = journal.key_pairs(), clock()
    key_pairs: dict[str, tuple[KeyPair, ...]] = {}
    uploaded: dict[str, Uploaded] = {}
    in_use: set[str] = set()
    for name in failures.working():
        service = clients[name]
        with failures.noting(name):
            pairs, begun = service.ec2.key_pairs(KEY_PAIR_PREFIX), journal.uploaded(desired.stack, name)
            stored = read_uploaded(desired.stack, service, begun, journal.history(name), now)
            for engine in ENGINES.values() if name in queues else ():
                in_use |= engine.files_in_use(service)
            key_pairs[name] = pairs
            uploaded.update({name: stored} if stored else {})
    read = frozenset(failures.working())
    made = {
        one.name: address
        for one in known
        if one.stack == desired.stack and one.is_over and (address := address_of(one)) is not None
    }
    return Leftovers(
        key_pairs=key_pairs,
        made=made,
        key_files=dict(unused_keys(home.keys_folder, known, read, desired.stack, now)),
        job_files=tuple(unused_job_files(home.jobs_folder, desired, in_use, now)) if queues <= read else (),
        cache_files=tuple(unused_cache(home.cache_folder, now)),
        upload_files=tuple(unused_upload_files(home, now)),
        uploaded=uploaded,
    )


def address_of(made: MadeKeyPair) -> Address | None:
    """The address of the change that a key pair was made for (`verify SERVICE/NAME`)."""
    with suppress(ValueError):
        return Address.parse(made.change.partition(" ")[2])
    return None
