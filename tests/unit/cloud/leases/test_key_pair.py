"""A lease as a key pair, at a service in memory."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from extenci.cloud.abilities import AbilityBook
from extenci.cloud.leases.key_pair import HOLDER, KeyPairStore
from extenci.model.abilities import Abilities
from extenci.model.errors import ServiceError
from extenci.model.lease import LeaseTerms
from extenci.model.observed import KeyPair

MINE = LeaseTerms("my home", "this command", "me on laptop (`apply`, since 10:00)")


@dataclass
class Service:
    """Its lists show nothing while it `hides`."""

    pairs: dict[str, KeyPair] = field(default_factory=dict)
    hides: bool = False
    public_keys: list[bytes] = field(default_factory=list)

    def key_pairs(self, prefix: str) -> tuple[KeyPair, ...]:
        found = tuple(one for name, one in self.pairs.items() if name.startswith(prefix))
        return () if self.hides else found

    def server_time(self) -> float:
        return 1000.0

    def import_key_pair(self, name: str, public_key: bytes, tags: Mapping[str, str]) -> KeyPair:
        assert public_key.startswith(b"ssh-ed25519 ")
        if name in self.pairs:
            raise ServiceError("It exists.", code="InvalidKeyPair.Duplicate")
        self.public_keys.append(public_key)
        self.pairs[name] = KeyPair(name, None, "key-1", f"fingerprint {len(self.pairs)}", dict(tags))
        return self.pairs[name]

    def create_tags(self, ids: list[str], tags: Mapping[str, str]) -> None:
        for name, pair in self.pairs.items():
            if pair.id in ids:
                self.pairs[name] = replace(pair, tags={**pair.tags, **tags})


def store_at(service: Service, folder: Path | None = None) -> KeyPairStore:
    known = cast("Any", service)
    return KeyPairStore(known, known, AbilityBook(Abilities()), ec2="x", name="lease", folder=folder)


def test_a_lease_that_somebody_ended_is_noticed_but_not_one_that_does_not_show_yet() -> None:
    service = Service(hides=True)
    store = store_at(service)
    version = store.create(MINE)
    assert version is not None
    assert store.renew(MINE, version) == version
    service.hides = False
    assert store.renew(MINE, version) == version
    service.pairs.clear()
    assert store.renew(MINE, version) is None


def test_tags_hold_only_what_every_service_takes() -> None:
    service = Service()
    store_at(service).create(MINE)
    assert service.pairs["lease"].tags[HOLDER] == "me on laptop apply since 10:00"


def test_the_age_of_a_lease_without_tags_counts_from_when_it_was_seen() -> None:
    service = Service()
    store = store_at(service)
    service.import_key_pair("lease", b"ssh-ed25519 AAAA", {})
    found = store.read()
    assert found is not None
    assert found.idle is not None
    assert found.idle < 1
    assert found.terms is None


def test_a_home_that_is_refused_often_still_knows_its_own_lease(tmp_path: Path) -> None:
    service = Service()
    store = store_at(service, tmp_path / "leases")
    assert store.create(MINE) is not None
    blob = base64.b64decode(service.public_keys[0].split()[1])
    fingerprint = base64.b64encode(hashlib.sha256(blob).digest()).decode()
    for _ in range(20):
        assert store.create(MINE) is None
    assert store.keys.is_at(f"SHA256:{fingerprint}")
