"""The command line of a login, and host keys that a console shows."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from extenci.model.errors import ServiceError
from extenci.verify.ssh.login import Login, login_command
from extenci.verify.target import Target


def host_key(byte: int) -> str:
    kind = b"ssh-ed25519"
    blob = len(kind).to_bytes(4, "big") + kind + (32).to_bytes(4, "big") + bytes([byte]) * 32
    return f"ssh-ed25519 {base64.b64encode(blob).decode()}"


def target(folder: Path, console: str = "") -> Target:
    return Target(
        "192.0.2.1", "i-1", "ami-1", "cloud", "pool", "lab", folder, lambda: console, "admin", Path("k%y")
    )


def shown(key: str) -> str:
    return f"-----BEGIN SSH HOST KEY KEYS-----\n{key} root@x\n-----END SSH HOST KEY KEYS-----\n"


def test_the_first_key_is_taken_where_the_console_shows_none(tmp_path: Path) -> None:
    words = login_command(Login(target(tmp_path), 2222), ("uname", "-s"))
    assert "-oStrictHostKeyChecking=accept-new" in words
    assert words[-6:] == ["-p", "2222", "--", "192.0.2.1", "uname", "-s"]
    assert words[words.index("-i") + 1] == "k%%y"
    assert words[words.index("-l") + 1] == "admin"


def test_the_key_on_the_console_must_be_the_machines(tmp_path: Path) -> None:
    words = login_command(Login(target(tmp_path, shown(host_key(1)))), ())
    assert "-oStrictHostKeyChecking=yes" in words
    assert (tmp_path / "known_hosts").read_text() == f"extenci-i-1 {host_key(1)}\n"


def test_a_key_that_contradicts_the_console_is_refused(tmp_path: Path) -> None:
    (tmp_path / "known_hosts").write_text(f"extenci-i-1 {host_key(2)}\n")
    fingerprints = (
        "-----BEGIN SSH HOST KEY FINGERPRINTS-----\n256 SHA256:" + "A" * 43 + " root@x (ED25519)\n"
        "-----END SSH HOST KEY FINGERPRINTS-----\n"
    )
    with pytest.raises(ServiceError, match="is not the one that its console shows"):
        login_command(Login(target(tmp_path, fingerprints)), ())
    assert not (tmp_path / "known_hosts").exists()


def test_an_address_that_is_an_option_is_refused(tmp_path: Path) -> None:
    hostile = Target("-oProxyCommand=x", "i-1", "ami-1", "cloud", "pool", "lab", tmp_path, str)
    with pytest.raises(ServiceError, match="neither IP address nor host name"):
        login_command(Login(hostile), ())
