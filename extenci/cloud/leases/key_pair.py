"""A lease as a key pair: EC2 refuses to make a second one of the same name (EC2 API reference,
InvalidKeyPair.Duplicate). Its tags say whose it is, where key pairs can be tagged.

The public key is a new one each time, so that its fingerprint tells one lease from another, and nobody keeps
the private key.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from extenci.cloud.abilities import AbilityBook
from extenci.cloud.aws.ec2 import Ec2
from extenci.cloud.aws.ec2_changes import Ec2Changes
from extenci.cloud.aws.error_codes import is_unknown_action
from extenci.cloud.leases.own_key import OwnKey
from extenci.cloud.leases.store import LeaseNotOffered, LeaseStore
from extenci.model.abilities import Ability
from extenci.model.errors import AccessRefused, ServiceError
from extenci.model.lease import LeaseTerms, StoredLease
from extenci.model.observed import KeyPair

HOME, COMMAND, HOLDER, RENEWED, ENDED = (
    "extenci:lease-home",
    "extenci:lease-command",
    "extenci:lease-holder",
    "extenci:lease-renewed",
    "extenci:lease-ended",
)
LONGEST_TAG = 250
"""Characters of a tag's value; EC2 takes 256."""
_NOT_IN_TAGS = re.compile(r"[^\w\s+=.:/@-]")
"""Characters that not every service takes in tags (EC2 User Guide, "Tag restrictions")."""
DUPLICATE = "InvalidKeyPair.Duplicate"
BAD_FORMAT = ("InvalidKey.Format", "InvalidKeyPair.Format", "InvalidParameterValue")
"""How services refuse a public key of a kind that they do not know."""


class KeyPairStore(LeaseStore):
    """Keeps a lease as a key pair."""

    def __init__(
        self,
        reads: Ec2,
        changes: Ec2Changes,
        abilities: AbilityBook,
        *,
        ec2: str,
        name: str,
        folder: Path | None = None,
        is_tagged: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`folder` is where this home keeps the keys that it asked for, None: nowhere. `is_tagged`: the
        service's file does not say that nothing can be tagged."""
        self.place = f"the key pair {name} at {ec2}"
        self._reads, self._changes, self._abilities = reads, changes, abilities
        self._name = name
        code = hashlib.sha256(self.place.encode()).hexdigest()[:16]
        self.keys = OwnKey(folder / code if folder is not None else None)
        self._home = ""
        self._is_tagged, self._clock = is_tagged, clock
        self._was_seen = False
        self._offset: float | None = None

    def create(self, terms: LeaseTerms) -> str | None:
        """See `LeaseStore.create`."""
        if self._abilities.lacks(Ability.KEY_PAIRS):
            raise self._not_offered(f"it lacks the ability {Ability.KEY_PAIRS}")
        tags, self._home = self._tags(terms), terms.home
        try:
            made = self._make(tags)
        except AccessRefused as error:
            raise self._not_offered(error.message) from error
        except ServiceError as error:
            if error.code == DUPLICATE:
                self.keys.forget_last()
                return None
            if is_unknown_action(error.code):
                raise self._not_offered(error.message) from error
            raise
        self._tag(made.id, tags)
        return made.fingerprint

    def _make(self, tags: Mapping[str, str]) -> KeyPair:
        try:
            return self._changes.import_key_pair(self._name, self.keys.make(), tags)
        except ServiceError as error:
            if error.code not in BAD_FORMAT and not is_unknown_action(error.code):
                raise
        self._changes.create_key_pair(self._name, tags)  # takes the service longer
        return self._find() or KeyPair(self._name)

    def _find(self) -> KeyPair | None:
        return next((one for one in self._reads.key_pairs(self._name) if one.name == self._name), None)

    def read(self) -> StoredLease | None:
        """See `LeaseStore.read`. A lease without tags, whose command may have died before it could set them,
        gets the time: from then on its age is known, and a command that lives writes a later one."""
        found = self._find()
        if found is None:
            return None
        tags = found.tags
        terms = None
        if HOME in tags:
            terms = LeaseTerms(
                tags[HOME], tags.get(COMMAND, ""), tags.get(HOLDER, ""), tags.get(ENDED) == "yes"
            )
        if terms is None and self._home and self.keys.is_at(found.fingerprint):
            terms = LeaseTerms(self._home, "", "this home")
        if terms is None and RENEWED not in tags and self._is_tagged:
            self._tag(found.id, {RENEWED: f"{self._now():.0f}"})
            tags = (self._find() or found).tags
        return StoredLease(found.fingerprint, terms, self._idle(tags))

    def renew(self, terms: LeaseTerms, version: str) -> str | None:
        """See `LeaseStore.renew`. Where key pairs have no tags nothing is written. One that no list has shown
        yet is there; one that was shown and is not any more was ended by somebody."""
        found = self._find()
        if found is None:
            return None if self._was_seen else version
        if found.fingerprint != version:
            return None
        self._was_seen = True
        self._tag(found.id, self._tags(terms))
        return version

    def take_over(self, terms: LeaseTerms, version: str) -> str | None:
        """See `LeaseStore.take_over`."""
        found = self.read()
        if found is not None and found.version != version:
            return None
        self.delete()
        return self.create(terms)

    def delete(self) -> None:
        """See `LeaseStore.delete`."""
        self._changes.delete_key_pair(self._name)

    def _tags(self, terms: LeaseTerms) -> dict[str, str]:
        if not self._is_tagged:
            return {}
        texts = {
            HOME: terms.home,
            COMMAND: terms.command,
            HOLDER: terms.holder,
            RENEWED: f"{self._now():.0f}",
            ENDED: "yes" if terms.is_ended else "no",
        }
        return {key: _NOT_IN_TAGS.sub("", text)[:LONGEST_TAG] for key, text in texts.items()}

    def _tag(self, key_pair: str, tags: Mapping[str, str]) -> None:
        """Tags only tell others more; a service that has none keeps leases all the same."""
        if key_pair and tags and not self._abilities.lacks(Ability.CREATE_TAGS):
            with suppress(ServiceError):
                self._changes.create_tags([key_pair], tags)

    def _now(self) -> float:
        """The time by the service's clock (seconds since the epoch): clocks of others do not matter then."""
        if self._offset is None:
            theirs = self._reads.server_time()
            self._offset = theirs - self._clock() if theirs is not None else 0.0
        return self._clock() + self._offset

    def _idle(self, tags: Mapping[str, str]) -> float | None:
        try:
            return max(0.0, self._now() - float(tags[RENEWED]))
        except (KeyError, ValueError):
            return None

    def _not_offered(self, why: str) -> LeaseNotOffered:
        return LeaseNotOffered(
            f"The service can keep no lease as a key pair: {why.rstrip('.')}.",
            "Set `lock: s3`, or `lock: none` if nobody else applies this stack.",
        )
