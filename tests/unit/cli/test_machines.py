"""Machines as arguments, and how one of several is chosen."""

from __future__ import annotations

import pytest

from extenci.api.access import Access, choose
from extenci.cli.addresses import parse_machine
from extenci.model.address import Address
from extenci.model.errors import PlanError, UsageError
from extenci.model.ownership import Marks, Role
from tests.unit.builders import observed_machine

ADDRESS = Address("cloud", "pool")
MACHINES = [observed_machine("i-1"), observed_machine("i-2", Marks("lab", "cloud", "pool", Role.TEST))]


def test_an_address_may_have_a_number() -> None:
    assert parse_machine("cloud/pool[1]", None, None) == Access(ADDRESS, 1)
    assert parse_machine("cloud/pool", "i-2", None) == Access(ADDRESS, None, "i-2")
    with pytest.raises(UsageError, match="both"):
        parse_machine("cloud/pool[1]", "i-2", None)
    with pytest.raises(UsageError, match="no address"):
        parse_machine("cloud/pool[x]", None, None)


def test_one_of_several_must_be_named() -> None:
    assert choose(MACHINES[:1], Access(ADDRESS)).id == "i-1"
    assert choose(MACHINES, Access(ADDRESS, 1)).id == "i-2"
    assert choose(MACHINES, Access(ADDRESS, machine="i-2")).id == "i-2"
    for wrong, message in (
        (Access(ADDRESS), r"pool\[1\] i-2 \(test VM\)"),
        (Access(ADDRESS, 2), "number 2"),
        (Access(ADDRESS, machine="i-3"), "no machine i-3"),
    ):
        with pytest.raises(PlanError, match=message):
            choose(MACHINES, wrong)
    with pytest.raises(PlanError, match="no machine that runs"):
        choose([], Access(ADDRESS))
