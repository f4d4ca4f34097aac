"""One OpenSSH server for all tests of this folder, and machines that are this one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from extenci.verify.target import Target
from tests.system.conftest import IN_CI
from tests.system.verify.sshd import Sshd, SshdMissing, start_sshd

MakeTarget = Callable[..., Target]


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A server that runs until the last test is over."""
    try:
        server = start_sshd(tmp_path_factory.mktemp("sshd"))
    except SshdMissing as missing:
        if os.environ.get(IN_CI):
            pytest.fail(f"There is no OpenSSH, and {IN_CI} is set. {missing}", pytrace=False)
        pytest.skip(f"There is no OpenSSH here. {missing}")
    yield server
    server.stop()


@pytest.fixture
def make_target(tmp_path: Path) -> MakeTarget:
    """Makes targets at 127.0.0.1 that nobody's configuration of ssh changes."""
    (tmp_path / "no_config").touch()

    def make(console: Callable[[], str] | str = "", **changes: object) -> Target:
        read = console if callable(console) else lambda: console
        values: dict[str, object] = {
            "address": "127.0.0.1",
            "machine": "i-0123456789abcdef0",
            "image": "ami-1",
            "service": "sandbox",
            "name": "worker",
            "stack": "test",
            "folder": tmp_path / "evidence",
            "console": read,
            "ssh_config": tmp_path / "no_config",
            **changes,
        }
        return Target(**values)  # type: ignore[arg-type]

    return make
