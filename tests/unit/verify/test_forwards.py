from __future__ import annotations

import pytest

from extenci.model.verification import Check
from extenci.verify.checks.console import ConsoleCheck
from extenci.verify.checks.http import HttpCheck
from extenci.verify.checks.ssh import SshCheck
from extenci.verify.checks.tcp import TcpCheck

FORWARDS = {22: 10022, 80: 10080, 443: 10443}


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (TcpCheck(22), TcpCheck(10022)),
        (TcpCheck(8080), TcpCheck(8080)),
        (SshCheck("uptime"), SshCheck("uptime", port=10022)),
        (HttpCheck("/"), HttpCheck("/", port=10080)),
        (HttpCheck("/", tls=True), HttpCheck("/", port=10443, tls=True)),
        (HttpCheck("/", port=8080), HttpCheck("/", port=8080)),
        (ConsoleCheck("login:"), ConsoleCheck("login:")),
    ],
)
def test_a_check_asks_the_port_at_which_the_machines_is_reached(check: Check, expected: Check) -> None:
    assert check.at_forwards(FORWARDS) == expected
