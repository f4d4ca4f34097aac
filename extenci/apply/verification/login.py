"""The address of a test VM, and how to log in to it."""

from __future__ import annotations

import shlex

from extenci.apply.context import ChangeContext
from extenci.apply.verification.machine import TestVm
from extenci.model.errors import ServiceError
from extenci.model.observed import Machine
from extenci.model.verification import LoginCheck, Reach, Verify

SSH_PORT = 22


def host_of(machine: Machine, verify: Verify) -> str:
    """The address that checks use. ServiceError where the machine has none."""
    host = machine.private_host if verify.address is Reach.PRIVATE else machine.host
    if not host:
        raise ServiceError(
            f"The test VM {machine.id} has no {verify.address} address.",
            "Give its `verify:` block a subnet with addresses, or `address: private`.",
        )
    return host


def login_user(verify: Verify) -> str | None:
    """The user to log in as: that of the first check that names one."""
    users = (check.user for check in verify.checks if isinstance(check, LoginCheck))
    return next((user for user in users if user), None)


def login_line(vm: TestVm, verify: Verify, context: ChangeContext) -> str:
    """A command line to log in with, "" where neither a user nor a key is known."""
    user, host = login_user(verify), host_of(vm.machine, verify)
    if user is None and vm.key is None:
        return ""
    key = ("-i", str(vm.key)) if vm.key else ()
    elsewhere = context.clients.service.forwards.get(SSH_PORT)
    port = ("-p", str(elsewhere)) if elsewhere else ()
    return shlex.join(("ssh", *key, *port, f"{user}@{host}" if user else host))
