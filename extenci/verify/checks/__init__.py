"""One file a kind of check: its value, its form in specs, its words, and its attempt.

To add a kind, write its file and put it into `KINDS`. Specs are validated with these files, so an attempt
imports what is slow to import (subprocess, ssl, http.client) itself.
"""

from __future__ import annotations

from typing import Any, Union

from extenci.model.verification import Check
from extenci.verify.checks import console, http, log, pytest, run, ssh, tcp
from extenci.verify.kind import CheckKind

KINDS: tuple[CheckKind[Any], ...] = (
    tcp.KIND,
    ssh.KIND,
    http.KIND,
    console.KIND,
    log.KIND,
    run.KIND,
    pytest.KIND,
)
"""All kinds, in the order in which messages list them."""

NAMES = tuple(kind.name for kind in KINDS)
"""The keys that name checks in a spec."""

AnyCheck: Any = Union[tuple(kind.value for kind in KINDS)]  # noqa: UP007 - the members are not written out
"""Every class of checks, as a union: what a saved `Check` may be."""


def kind_of(check: Check) -> CheckKind[Any]:
    """The kind of a check."""
    return next(kind for kind in KINDS if kind.value is type(check))
