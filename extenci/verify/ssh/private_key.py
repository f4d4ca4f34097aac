"""Private keys on this machine: whether OpenSSH will log in with one, found out before a machine is there."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from extenci.model.verification import LoginCheck
from extenci.verify.environment import without_secrets

PATIENCE = 10.0
"""Seconds that a program of OpenSSH may take to look at a key."""

NOT_RUN = -1
"""In place of the exit status of a program that did not start, or not end in time."""

ANYONE_ELSE = stat.S_IRWXG | stat.S_IRWXO
"""Permissions that OpenSSH refuses on a private key of the user's own (sshkey_perm_ok in authfile.c)."""

SOMEWHERE = "192.0.2.1"
"""An address for documentation (RFC 5737): ssh is asked for the settings that it uses for any host."""

_PUBLIC = re.compile(rb"(?:ssh|ecdsa|sk)-[A-Za-z0-9@.-]+ AAAA")
_FINGERPRINT = re.compile(r"\b(?:SHA256|MD5):\S+")
_NOT_LOADED = re.compile(
    r'^(?:Load key "(?P<key>.*)": |no such identity: (?P<gone>.*?): )(?P<why>.*)$', re.MULTILINE
)


def find_login_faults(check: LoginCheck) -> Iterator[str]:
    """Everything on this machine that keeps a check from logging in, as parts of sentences."""
    if shutil.which("ssh") is None:
        yield "ssh is not installed; install OpenSSH's client (openssh-client)"
    elif check.key is not None and (fault := find_key_fault(Path(check.key))):
        yield fault


def find_key_fault(path: Path) -> str:
    """Why OpenSSH cannot log in with a private key that nobody types a passphrase for, "" where it can. An
    agent may have the key of an encrypted file, or that of a public key."""
    if not path.is_file():
        return f"the private key {path} does not exist"
    if not os.access(path, os.R_OK):
        return f"the private key {path} may not be read by this user"
    status, said = _run("ssh-keygen", "-y", "-P", "", "-f", str(path))
    is_usable = (status in (0, NOT_RUN) and not _is_open(path)) or _has_agent(path)
    return "" if is_usable else _explain_unusable(path, said)


def _explain_unusable(path: Path, said: str) -> str:
    """Why a key cannot be used; `said` are the words of ssh-keygen about it."""
    if _is_public(path):
        return f"{path} is a public key; name the private key"
    if _is_open(path):
        return f"the private key {path} may be read by others, so ssh refuses it; run `chmod 600 {path}`"
    if "passphrase" in said:
        return f"the private key {path} has a passphrase, and no agent has the key; run `ssh-add {path}`"
    return f"{path} is not a private key that OpenSSH can read"


def explain_unloaded(said: str, key: Path | str | None) -> str:
    """Why ssh could not use a key file of this machine, by its messages about a login that it was refused; ""
    where they tell of nothing like that. `key` is the file that was named, None where ssh chose."""
    for found in _NOT_LOADED.finditer(said):
        path = found["key"] or found["gone"]
        if key is None or path == str(key):
            return f"ssh cannot use the key file {path}: {found['why']}"
    return ""


def _is_open(path: Path) -> bool:
    known = path.stat()
    return known.st_uid == os.getuid() and bool(known.st_mode & ANYONE_ELSE)


def _is_public(path: Path) -> bool:
    with path.open("rb") as file:
        return _PUBLIC.match(file.read(200)) is not None


def _has_agent(path: Path) -> bool:
    """Whether the user's agent has the key of a file: ssh asks it first."""
    _, about = _run("ssh-keygen", "-l", "-f", str(path))
    found = _FINGERPRINT.search(about)
    if found is None:
        return False
    _, settings = _run("ssh", "-G", SOMEWHERE)
    return found[0] in _run("ssh-add", "-l", more=_agent_of(settings))[1].split()


def _agent_of(settings: str) -> Mapping[str, str]:
    """The variable that names another agent than SSH_AUTH_SOCK does, where ~/.ssh/config names one."""
    named = re.search(r"^identityagent (/.*|~.*)$", settings, re.MULTILINE)
    return {"SSH_AUTH_SOCK": str(Path(named[1]).expanduser())} if named else {}


def _run(*command: str, more: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run a program of OpenSSH: its exit status, and all that it printed."""
    try:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            env={**without_secrets(os.environ), "LC_ALL": "C", **(more or {})},
            start_new_session=True,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return NOT_RUN, ""
    return ended.returncode, ended.stdout.decode("utf-8", "replace")
