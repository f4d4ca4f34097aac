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
from extenci.model.verification import KEY_PAIR_PREFIX
from extenci.observe.leftovers import unused_cache, unused_job_files, unused_keys, unused_upload_files
from extenci.stage.methods import read_uploaded

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients


def read_leftovers(
    desired: Desired,
    clients: Mapping[str, Clients],
    journal: Journal,
    home: Home,
    queues: frozenset[str] = frozenset(),
    clock: Callable[[], float] = time.time,
    *,
    all_queues_read: bool = True,
) -> Leftovers:
    """The stack's possible leftovers on the given services and in this home. The lock must be held, so that
    no run of this home is at work; `queues` names the services whose schedd is asked, and unless these are
    all, no file counts as unneeded that a job may need.

    ServiceError and its kinds; CatalogError.
    """
    known, now = journal.key_pairs(), clock()
    made = {
        one.name: address
        for one in known
        if one.stack == desired.stack and one.is_over and (address := address_of(one)) is not None
    }

    def files_in_use() -> frozenset[str]:
        asked = [engine.files_in_use(clients[name]) for name in sorted(queues) for engine in ENGINES.values()]
        return frozenset().union(*asked)

    def uploaded_to(name: str, service: Clients) -> Uploaded | None:
        begun = journal.uploaded(desired.stack, name)
        return read_uploaded(desired.stack, service, begun, journal.history(name), now)

    return Leftovers(
        key_pairs={name: service.ec2.key_pairs(KEY_PAIR_PREFIX) for name, service in sorted(clients.items())},
        made=made,
        key_files=dict(unused_keys(home.keys_folder, known, frozenset(clients), desired.stack, now)),
        job_files=tuple(unused_job_files(home.jobs_folder, desired, files_in_use, now))
        if all_queues_read
        else (),
        cache_files=tuple(unused_cache(home.cache_folder, now)),
        upload_files=tuple(unused_upload_files(home, now)),
        uploaded={
            name: found for name, service in sorted(clients.items()) if (found := uploaded_to(name, service))
        },
    )


def address_of(made: MadeKeyPair) -> Address | None:
    """The address of the change that a key pair was made for (`verify SERVICE/NAME`)."""
    with suppress(ValueError):
        return Address.parse(made.change.partition(" ")[2])
    return None
