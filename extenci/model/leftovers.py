"""Leftovers of interrupted runs beside resources: key pairs of test VMs, files of this home, and uploads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from extenci.model.address import Address
from extenci.model.observed import KeyPair
from extenci.model.s3 import PartUpload, StoredObject


@dataclass(frozen=True)
class Uploaded:
    """A stack's objects and uploads in the bucket of a service, whichever home they are from. `begun` are the
    keys that finished runs of this home uploaded to, and when last (seconds since the epoch); `busy` those
    that are in use."""

    bucket: str
    objects: tuple[StoredObject, ...] = ()
    uploads: tuple[PartUpload, ...] = ()
    begun: Mapping[str, float] = field(default_factory=dict)
    busy: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Leftovers:
    """Possible leftovers. `key_pairs` are those of test VMs on each service, whoever owns them; `made` those
    that finished runs of this home made for the stack, with their addresses; `key_files` the paths of private
    keys that may be deleted with their key pairs, by the names of those; `job_files` paths of files that no
    job or spec needs; `cache_files` those of converted and downloaded disks that were not used for long, and
    unfinished ones; `upload_files` notes on uploads that the service has ended, and block lists that were not
    used for long; `uploaded` the objects and uploads in S3, by service."""

    key_pairs: Mapping[str, tuple[KeyPair, ...]] = field(default_factory=dict)
    made: Mapping[str, Address] = field(default_factory=dict)
    key_files: Mapping[str, str] = field(default_factory=dict)
    job_files: tuple[str, ...] = ()
    cache_files: tuple[str, ...] = ()
    upload_files: tuple[str, ...] = ()
    uploaded: Mapping[str, Uploaded] = field(default_factory=dict)
