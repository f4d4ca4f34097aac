from __future__ import annotations

from dataclasses import replace

import pytest

from extenci.catalog import abilities as learned_abilities
from extenci.catalog.home import Home
from extenci.catalog.records import Catalog
from extenci.model.abilities import Abilities, Ability, Evidence, Source
from extenci.model.service import Service

SERVICE = Service("campus", "x", ec2="http://127.0.0.1:1", abilities=Abilities())
REFUSED = Evidence(False, Source.LEARNED, "DescribeImages refused it", 5.0)


def test_what_was_learned_is_there_in_the_next_run(home: Home) -> None:
    with Catalog.open(home) as catalog:
        assert catalog.abilities.of(SERVICE) == Abilities()
        catalog.abilities.remember(SERVICE, Ability.PAGING, REFUSED)
    with Catalog.open(home) as catalog:
        assert catalog.abilities.of(SERVICE) == Abilities({Ability.PAGING: REFUSED})
        catalog.abilities.forget(SERVICE)
        assert catalog.abilities.of(SERVICE) == Abilities()


def test_it_counts_for_one_endpoint_only(home: Home) -> None:
    with Catalog.open(home) as catalog:
        catalog.abilities.remember(SERVICE, Ability.PAGING, REFUSED)
        assert catalog.abilities.of(replace(SERVICE, ec2="http://127.0.0.1:2")) == Abilities()
        assert catalog.abilities.of(replace(SERVICE, name="other")) == Abilities()


def test_another_version_asks_anew(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with Catalog.open(home) as catalog:
        catalog.abilities.remember(SERVICE, Ability.PAGING, REFUSED)
        monkeypatch.setattr(learned_abilities, "__version__", "9.9.9")
        assert catalog.abilities.of(SERVICE) == Abilities()
