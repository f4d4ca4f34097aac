"""A person's login to a machine, by the system's own SSH client, with the checks' care for host keys."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from extenci.model.errors import ServiceError
from extenci.verify.evidence_folder import KNOWN_HOSTS, EvidenceFolder
from extenci.verify.ssh import host_keys
from extenci.verify.target import Target, require_sound, safe_name

LOOK_SECONDS = 20.0
"""How long the machine may take to show its host key, where the console shows fingerprints alone."""


@dataclass(frozen=True)
class Login:
    """How to log in: the machine, and the port of its SSH server. What the target lacks of user and key, ssh
    finds by itself."""

    target: Target
    port: int = 22


def login_command(login: Login, words: tuple[str, ...]) -> list[str]:
    """The command that logs in, or runs `words`, which the machine's shell reads. known_hosts of the target's
    folder, which outlives it, has the machine's host key: those that its console shows, else the first that
    is seen. ServiceError where the machine shows another key than its console."""
    target = login.target
    require_sound(target)
    known = target.folder / KNOWN_HOSTS
    if keys := host_keys.find_keys(target.console()):
        EvidenceFolder(target.folder).write(KNOWN_HOSTS, host_keys.write_known_hosts(alias(target), keys))
    elif host_keys.find_fingerprints(target.console()) and not read(known):
        show_host_key(login)
    if host_keys.contradicts(host_keys.read_known_hosts(read(known)), target.console()):
        known.unlink(missing_ok=True)
        raise ServiceError(
            f"The host key of {target.machine} is not the one that its console shows; the connection may be "
            "intercepted, or the address belongs to another machine.",
            "Look at the machine on the service. Nothing was sent to it.",
            service=target.service,
        )
    return ssh_words(login, words)


def ssh_words(login: Login, words: tuple[str, ...], *options: str) -> list[str]:
    """ssh's command line. Agent, bastions and all else of ~/.ssh/config stay in use."""
    target = login.target
    own = ["-F", str(target.ssh_config)] if target.ssh_config else []
    known = target.folder / KNOWN_HOSTS
    settings = {
        "HostKeyAlias": alias(target),
        "UserKnownHostsFile": f'"{str(known).replace("%", "%%")}"',
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes" if read(known) else "accept-new",
        "HashKnownHosts": "no",
        "UpdateHostKeys": "no",
        "CheckHostIP": "no",
    }
    return [
        *("ssh", *own, *options),
        *(f"-o{name}={value}" for name, value in settings.items()),
        *(["-l", target.user] if target.user else []),
        *(["-i", str(target.key).replace("%", "%%"), "-oIdentitiesOnly=yes"] if target.key else []),
        *("-p", str(login.port), "--", target.address),
        *words,
    ]


def show_host_key(login: Login) -> None:
    """Have ssh write down the machine's host key, without logging in."""
    options = ("-T", "-n", "-oBatchMode=yes", "-oPreferredAuthentications=none", "-oConnectTimeout=10")
    with suppress(OSError, subprocess.SubprocessError):
        subprocess.run(
            ssh_words(login, ("true",), *options), capture_output=True, timeout=LOOK_SECONDS, check=False
        )


def alias(target: Target) -> str:
    """The machine's name in known_hosts: its address may have been another's before."""
    return f"extenci-{safe_name(target.machine)}"


def read(path: Path) -> str:
    """The text of a file, "" where there is none."""
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
