from __future__ import annotations

import pytest

from extenci.cli.addresses import parse_address
from extenci.model.address import Address
from extenci.model.errors import UsageError


def test_an_address_has_a_service_and_a_name() -> None:
    assert parse_address("bnl/worker") == Address("bnl", "worker")
    with pytest.raises(UsageError, match="'worker' is no address"):
        parse_address("worker")
