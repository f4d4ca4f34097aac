"""Leftovers of interrupted bundle uploads in S3."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from extenci.cloud.clients import Clients
from extenci.model.leftovers import Uploaded
from extenci.model.s3 import StoredObject
from extenci.stage.bundle.location import BundleLocation, may_be_in_use

BUNDLED = re.compile(r"(.+)\.(?:part\.[0-9]{2,}|manifest\.xml)")


def find_leftovers(stored: Uploaded, clients: Clients) -> Uploaded:
    """The parts of bundles among a stack's objects. A bundle is in use as long as its image is registered."""
    bundled = tuple(of_bundles(stored.objects))
    images = clients.ec2.images() if bundled else ()
    bundles = {bundle_of(one.key) for one in bundled}
    in_use = {one for one in bundles if may_be_in_use(BundleLocation(stored.bucket, one), images)}
    used = (one.key for one in bundled if bundle_of(one.key) in in_use)
    begun = {
        one.key: stored.begun[bundle] for one in bundled if (bundle := bundle_of(one.key)) in stored.begun
    }
    return Uploaded(stored.bucket, bundled, begun=begun, busy=frozenset(used))


def of_bundles(objects: Iterable[StoredObject]) -> Iterator[StoredObject]:
    """The objects of bundles, each as old as the newest of its bundle: an upload may take long."""
    found = [one for one in objects if bundle_of(one.key)]
    newest: dict[str, float] = {}
    for one in found:
        bundle = bundle_of(one.key)
        newest[bundle] = max(one.modified, newest.get(bundle, one.modified))
    return (replace(one, modified=newest[bundle_of(one.key)]) for one in found)


def bundle_of(key: str) -> str:
    """The prefix of the bundle that a key belongs to, "" where it belongs to none."""
    found = BUNDLED.fullmatch(key)
    return found[1] if found else ""
