"""What makes a verify block another one."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from extenci.model.launch import Launch, LaunchSettings
from extenci.model.verification import Check, Reach, Verify, hash_verify, name_files
from extenci.verify.checks.console import ConsoleCheck
from extenci.verify.checks.http import HttpCheck
from extenci.verify.checks.pytest import PytestCheck
from extenci.verify.checks.run import RunCheck
from extenci.verify.checks.ssh import SshCheck
from extenci.verify.checks.tcp import TcpCheck

ROOT = "/home/alice/specs"


def block(root: str = ROOT, home: str = "/home/alice", **changes: object) -> Verify:
    values: dict[str, object] = {
        "settings": LaunchSettings("t3.micro"),
        "root": root,
        "checks": (
            TcpCheck(22),
            SshCheck("uptime", user="admin", key=f"{home}/.ssh/id_ed25519"),
            SshCheck("uptime", user="admin", key=f"{root}/keys/id"),
            HttpCheck("/health"),
            ConsoleCheck("login:"),
            RunCheck((f"{root}/amazon/checks/goss.sh", "-v", "checks/goss.yaml"), f"{root}/amazon"),
            RunCheck(("/usr/bin/python3", "x"), f"{root}/amazon"),
            PytestCheck((f"{root}/tests",), f"{root}/amazon"),
        ),
        **changes,
    }
    return Verify(**values)  # type: ignore[arg-type]


def hashed(verify: Verify, **contents: str) -> str:
    files = {f"{verify.root}/amazon/checks/goss.sh": "1", f"{verify.root}/tests/test_a.py": "2", **contents}
    return hash_verify(verify, files)


def test_the_hash_stays_what_it_is() -> None:
    """Another one would ask again for every verdict that anybody has."""
    assert hashed(block()) == "0641c7b45d576978"


HASHES: list[tuple[Check, str]] = [
    (TcpCheck(22), "b7459c691458d4c7"),
    (TcpCheck(80, timeout=5, retries=2), "2a8a2c5ca84c3e57"),
    (SshCheck("uptime"), "1967e193eca7ca99"),
    (
        SshCheck(
            "uptime",
            user="admin",
            key=f"{ROOT}/keys/id",
            port=2222,
            status=3,
            output="^up",
            timeout=5,
            retries=2,
        ),
        "553c738962d32302",
    ),
    (SshCheck("uptime", user="admin", key="/home/alice/.ssh/id_ed25519"), "6030b0c3ad4042c5"),
    (HttpCheck("/health"), "12a8f4df8ccaa376"),
    (
        HttpCheck(
            "/health", port=8443, status=404, host="worker.example.org", tls=True, timeout=5, retries=2
        ),
        "5a8b3e7a9c02bdcf",
    ),
    (ConsoleCheck("login:"), "b75a39ef97f01c8a"),
    (ConsoleCheck("login:", timeout=5, retries=2), "5bd54434fbb53ff0"),
    (RunCheck((f"{ROOT}/a/goss.sh", "-v", "checks/goss.yaml"), f"{ROOT}/a"), "ddd5995277c326e2"),
    (RunCheck(("python3", "x"), ROOT, timeout=5, retries=2), "6318b14c11069886"),
    (PytestCheck((f"{ROOT}/tests", "/elsewhere/t.py"), f"{ROOT}/a"), "09abd20be87109e9"),
    (
        PytestCheck(
            (f"{ROOT}/tests",),
            ROOT,
            user="admin",
            key="/home/alice/.ssh/id_ed25519",
            port=2222,
            timeout=5,
            retries=2,
        ),
        "44c5effddc3b316a",
    ),
]
"""What verdicts on images were recorded with, before and ever after."""


@pytest.mark.parametrize(("check", "expected"), HASHES, ids=lambda value: str(value)[:40])
def test_the_hash_of_every_kind_stays_what_it_is(check: Check, expected: str) -> None:
    verify = Verify(LaunchSettings("t3.micro"), checks=(check,), root=ROOT)
    assert hash_verify(verify, {f"{ROOT}/a/goss.sh": "1"}) == expected


def test_the_hash_is_the_same_in_another_checkout_and_for_another_person() -> None:
    assert hashed(block()) == hashed(block("/builds/specs", "/root"))


CHANGES: dict[str, object] = {
    "settings": LaunchSettings("t3.large"),
    "launch": Launch.CONDOR,
    "address": Reach.PRIVATE,
    "timeout": 601,
    "confirm": True,
    "confirm_within": 60,
    "keep_on_failure": True,
    "checks": (TcpCheck(22),),
    "aside": True,
}


@pytest.mark.parametrize("name", [field.name for field in fields(Verify) if field.name != "root"])
def test_every_part_of_the_block_counts(name: str) -> None:
    assert hashed(replace(block(), **{name: CHANGES[name]})) != hashed(block())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "check",
    [
        TcpCheck(22, timeout=1),
        TcpCheck(22, retries=1),
        SshCheck("uptime", user="admin", key="/home/alice/.ssh/other"),
        SshCheck("uptime", user="root", key="/home/alice/.ssh/id_ed25519"),
        RunCheck((f"{ROOT}/amazon/goss.sh",), f"{ROOT}/amazon"),
        PytestCheck((f"{ROOT}/tests", f"{ROOT}/more"), f"{ROOT}/amazon"),
    ],
)
def test_every_part_of_a_check_counts(check: Check) -> None:
    first = block().checks
    for place, before in enumerate(first):
        if type(before) is type(check):
            changed = replace(block(), checks=(*first[:place], check, *first[place + 1 :]))
            assert hashed(changed) != hashed(block())


def test_the_contents_of_files_count() -> None:
    assert hashed(block(), **{f"{ROOT}/amazon/checks/goss.sh": "3"}) != hashed(block())
    assert hashed(block(), **{f"{ROOT}/tests/new.py": "3"}) != hashed(block())


def test_programs_arguments_and_tests_below_the_root_are_files_of_the_block() -> None:
    assert name_files(block()) == (
        f"{ROOT}/amazon/checks/goss.sh",
        f"{ROOT}/amazon/checks/goss.yaml",
        f"{ROOT}/amazon/x",
        f"{ROOT}/tests",
    )
    wide = block(checks=(RunCheck(("ls", "/", "..", "../..", "."), ROOT),))
    assert name_files(wide) == (f"{ROOT}/ls",)
