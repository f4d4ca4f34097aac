"""A lease as an object in S3, by conditional writes (S3 User Guide, "Conditional writes").

Not every S3 heeds conditions, and some ignore them in silence. So where nothing is known, a lease is stored
twice: the second time must be refused.
"""

from __future__ import annotations

import json
import time

from extenci.cloud.abilities import AbilityBook
from extenci.cloud.aws.s3 import S3
from extenci.cloud.aws.s3_changes import S3Changes
from extenci.cloud.leases.store import LeaseNotOffered, LeaseStore
from extenci.model.abilities import Ability
from extenci.model.errors import AccessRefused, NotFound, ServiceError
from extenci.model.lease import LeaseTerms, StoredLease

LARGEST_BYTES = 4096
FORMAT_VERSION = 1


class BucketStore(LeaseStore):
    """Keeps a lease in a bucket."""

    def __init__(self, reads: S3, changes: S3Changes, abilities: AbilityBook, bucket: str, key: str) -> None:
        self.place = f"s3://{bucket}/{key}"
        self._reads, self._changes, self._abilities = reads, changes, abilities
        self._bucket, self._key = bucket, key

    def create(self, terms: LeaseTerms) -> str | None:
        """See `LeaseStore.create`."""
        if self._abilities.lacks(Ability.CONDITIONAL_WRITES):
            raise self._not_offered()
        try:
            version = self._store(terms)
            if version is None:
                self._learn(has=True)
            elif self._abilities.is_open(Ability.CONDITIONAL_WRITES) and not self._is_heeded(terms):
                self.delete()
                raise self._not_offered()
        except (AccessRefused, NotFound) as error:
            raise LeaseNotOffered(error.message, error.hint) from error
        return version

    def read(self) -> StoredLease | None:
        """See `LeaseStore.read`."""
        found = self._reads.small_object(self._bucket, self._key, LARGEST_BYTES)
        if found is None:
            return None
        return StoredLease(found.etag, read_terms(found.data), found.idle)

    def renew(self, terms: LeaseTerms, version: str) -> str | None:
        """See `LeaseStore.renew`."""
        return self._changes.replace_object(self._bucket, self._key, terms_text(terms), version)

    def take_over(self, terms: LeaseTerms, version: str) -> str | None:
        """See `LeaseStore.take_over`."""
        return self.renew(terms, version)

    def delete(self) -> None:
        """See `LeaseStore.delete`."""
        self._changes.delete_object(self._bucket, self._key)

    def _store(self, terms: LeaseTerms) -> str | None:
        try:
            return self._changes.put_new_object(self._bucket, self._key, terms_text(terms))
        except (AccessRefused, NotFound):
            raise
        except ServiceError as error:
            if error.code not in ("NotImplemented", "501", "InvalidRequest", "InvalidArgument"):
                raise
            self._learn(has=False)
            raise self._not_offered() from error

    def _is_heeded(self, terms: LeaseTerms) -> bool:
        heeded = self._store(terms) is None
        self._learn(has=heeded)
        return heeded

    def _learn(self, *, has: bool) -> None:
        said = (
            "PutObject with If-None-Match was refused where there was an object"
            if has
            else ("PutObject with If-None-Match replaced an object")
        )
        self._abilities.learn(Ability.CONDITIONAL_WRITES, has, said)

    def _not_offered(self) -> LeaseNotOffered:
        return LeaseNotOffered(
            f"The bucket {self._bucket} can keep no lease: its S3 lacks the ability "
            f"{Ability.CONDITIONAL_WRITES} ({Ability.CONDITIONAL_WRITES.meaning}).",
            "Set `lock: tag`, or `lock: none` if nobody else applies this stack.",
        )


def terms_text(terms: LeaseTerms) -> bytes:
    """A lease as text. The time makes each one different, and is for people: nothing goes by it."""
    content = {
        "format_version": FORMAT_VERSION,
        "home": terms.home,
        "command": terms.command,
        "holder": terms.holder,
        "ended": terms.is_ended,
        "renewed": time.time(),
    }
    return json.dumps(content, indent=2).encode() + b"\n"


def read_terms(text: bytes) -> LeaseTerms | None:
    """The terms in the text of a lease; None where it is something else."""
    try:
        content = json.loads(text)
        return LeaseTerms(
            str(content["home"]),
            str(content["command"]),
            str(content["holder"]),
            is_ended=content.get("ended") is True,
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
