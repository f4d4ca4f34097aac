"""What interrupted runs may have left beside resources: key pairs of test VMs, files of this home, and
uploads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from extenci.model.address import Address
from extenci.model.observed import KeyPair
from extenci.model.s3 import PartUpload, StoredObject


@dataclass(frozen=True)
class Uploaded:
    """What lies in S3, in the bucket of a service, of disks that a stack has had imported, whoever's it is.
    `begun` are the keys that runs of this home which are over uploaded to, and when last (seconds since the
    epoch); `busy` those that are being imported."""

    bucket: str
    objects: tuple[StoredObject, ...] = ()
    uploads: tuple[PartUpload, ...] = ()
    begun: Mapping[str, float] = field(default_factory=dict)
    busy: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Leftovers:
    """What may be left. `key_pairs` are those of test VMs on each service, whoever's they are; `made` those
    that runs of this home which are over made for the stack, with their addresses; `key_files` the files of
    private keys by the names of their key pairs, as paths, that no key pair needs which is somewhere else;
    `job_files` paths of files that no job or spec needs; `cache_files` those of converted and downloaded
    disks that nobody used for long, and what is left of making some; `upload_files` notes on uploads that
    the service gave up since, and block lists that nobody used for long; `uploaded` is what lies in S3, by
    service."""

    key_pairs: Mapping[str, tuple[KeyPair, ...]] = field(default_factory=dict)
    made: Mapping[str, Address] = field(default_factory=dict)
    key_files: Mapping[str, str] = field(default_factory=dict)
    job_files: tuple[str, ...] = ()
    cache_files: tuple[str, ...] = ()
    upload_files: tuple[str, ...] = ()
    uploaded: Mapping[str, Uploaded] = field(default_factory=dict)
