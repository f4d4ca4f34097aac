"""ssh: a command succeeds on the machine. The system's own client runs it, so that what people have set up in
~/.ssh/config, bastions and agents among it, works here as it does for them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from extenci.model.verification import PytestCheck, SshCheck
from extenci.verify import host_keys
from extenci.verify.attempt import Attempt, Scene, Tried
from extenci.verify.evidence_folder import KNOWN_HOSTS, SSH_CONFIG, open_private
from extenci.verify.programs import Cut, Ended, excerpt, run_program
from extenci.verify.regex import Found, search
from extenci.verify.target import safe_name

MOST_OUTPUT = 4 << 20
"""Bytes that a command on the machine may print."""

CLIENT_LOG = ".ssh-log"

CHANGED = (
    "the machine's host key is not the one that {source}; someone may be in between, "
    "or the address belongs to another machine"
)

_AUTHENTICATED = re.compile(r"^Authenticated to ", re.MULTILINE)
_LOST = re.compile(r"closed by remote host|^Timeout, server|Broken pipe|Connection reset", re.MULTILINE)
_CHATTER = re.compile(
    r"^(?:Authenticated to|Transferred:|Bytes per second|debug|Warning: Permanently added|@+|\s*$)"
)


def try_ssh(check: SshCheck, scene: Scene, attempt: Attempt) -> Tried:
    """Log in and run the command once."""
    if fault := prepare_host_keys(check, scene, attempt):
        return fault
    write_ssh_config(scene)
    ended, said = _call(build_command(check, scene), scene, attempt)
    attempt.log.write(f"ssh says: {said.strip()}\n".encode())
    if ended.fault:
        text = f"ssh cannot be started: {ended.fault}; install OpenSSH's client (openssh-client)"
        return Tried(False, text, final=True, unable=True)
    if fault := _explain_refusal(scene, said):
        return fault
    place = f"{scene.target.address} port {check.port}"
    if not _AUTHENTICATED.search(said):
        reason = last_words(said) if ended.cut is None else ended.cut.value
        return Tried(False, f"no login to {place}: {reason}")
    return _judge(check, ended, said, scene, attempt)


def _judge(check: SshCheck, ended: Ended, said: str, scene: Scene, attempt: Attempt) -> Tried:
    """What the end of a command on the machine means."""
    output = excerpt(ended.output)
    if ended.cut is Cut.TIME:
        return Tried(False, f"the command did not end within {attempt.seconds:.0f} s", output)
    if ended.cut is not None:
        return Tried(False, f"the command was given up: {ended.cut.value}", output)
    if ended.status == 255 and _LOST.search(said):
        return Tried(False, f"the connection was lost: {last_words(said)}", output)
    if ended.status != check.status:
        return Tried(False, f"the command ended with status {ended.status}, not {check.status}", output)
    passed, message = _judge_output(check, ended, scene, attempt)
    return Tried(passed, message, output)


def _judge_output(check: SshCheck, ended: Ended, scene: Scene, attempt: Attempt) -> tuple[bool, str]:
    how = f"the command ended with status {ended.status}"
    if check.output is None:
        return True, how
    match search(check.output, ended.output, scene.halt, attempt.seconds):
        case Found.YES:
            return True, f"{how} and printed what it should"
        case Found.NO:
            return False, f"what the command printed has no {check.output!r} in it"
        case Found.TOO_SLOW:
            return False, f"{check.output!r} takes too long to search for; write a simpler expression"


def prepare_host_keys(check: SshCheck | PytestCheck, scene: Scene, attempt: Attempt) -> Tried | None:
    """Write down whom to believe to be the machine; what is wrong where that cannot be.

    The keys that the console shows; else, where it shows fingerprints only, the key that the machine has,
    if its fingerprint is one of them; else whatever key comes first.
    """
    key = check.key or scene.target.key
    if key is not None and not Path(key).is_file():
        return Tried(False, f"the private key {key} does not exist", final=True)
    known = scene.folder.path / KNOWN_HOSTS
    if keys := host_keys.find_keys(scene.console.text):
        scene.folder.write(KNOWN_HOSTS, host_keys.write_known_hosts(alias(scene), keys))
        return None
    if host_keys.find_fingerprints(scene.console.text) and not known.read_text():
        command = build_command(check, scene, "true", "-oPreferredAuthentications=none")
        _, said = _call(command, scene, attempt)
        if not known.read_text():
            return Tried(False, f"no login to {scene.target.address} port {check.port}: {last_words(said)}")
    return find_contradiction(scene)


def find_contradiction(scene: Scene) -> Tried | None:
    """What is wrong where a key was believed that is none of those on the console."""
    known = host_keys.read_known_hosts((scene.folder.path / KNOWN_HOSTS).read_text())
    if host_keys.contradicts(known, scene.console.text):
        return Tried(False, CHANGED.format(source="the console shows"), final=True)
    return None


def _explain_refusal(scene: Scene, said: str) -> Tried | None:
    if "HOST IDENTIFICATION HAS CHANGED" not in said and "Host key verification failed" not in said:
        return None
    shown = host_keys.find_keys(scene.console.text) or host_keys.find_fingerprints(scene.console.text)
    source = "the console shows" if shown else "it had before"
    return Tried(False, CHANGED.format(source=source), final=True)


def _call(command: Sequence[str], scene: Scene, attempt: Attempt) -> tuple[Ended, str]:
    """Run ssh in the evidence folder, and read what it says of itself, apart from the command's output."""
    path = scene.folder.path / CLIENT_LOG
    open_private(path).close()
    ended = run_program(
        command,
        folder=scene.folder.path,
        environment=scene.environment,
        log=attempt.log,
        halt=scene.halt,
        seconds=attempt.seconds,
        most=MOST_OUTPUT,
    )
    said = path.read_bytes()[-20000:].decode("utf-8", "replace").replace("\r", "")
    path.unlink()
    return ended, said


def last_words(said: str) -> str:
    """The last thing that ssh says that is a reason."""
    lines = [line.strip() for line in said.splitlines() if not _CHATTER.match(line)]
    return lines[-1].removeprefix("ssh: ")[:300] if lines else "ssh says nothing"


def alias(scene: Scene) -> str:
    """The machine's name in known_hosts: its address may have been another machine's before."""
    return f"extenci-{safe_name(scene.target.machine)}"


def build_command(
    check: SshCheck | PytestCheck, scene: Scene, command: str | None = None, *more: str
) -> list[str]:
    """ssh's command line. The command is one argument, which the machine's shell reads, as people expect."""
    user, key = check.user or scene.target.user, check.key or scene.target.key
    own = ["-F", str(scene.target.ssh_config)] if scene.target.ssh_config else []
    return [
        *("ssh", *own, "-T", "-n", f"-E{CLIENT_LOG}", "-oLogLevel=VERBOSE", *more),
        *(f"-o{name}={value}" for name, value in _options(scene, KNOWN_HOSTS).items()),
        *(["-l", user] if user else []),
        *(["-i", str(key).replace("%", "%%"), "-oIdentitiesOnly=yes"] if key else []),
        *("-p", str(check.port), "--", scene.target.address),
        command or (check.ssh if isinstance(check, SshCheck) else "true"),
    ]


def _options(scene: Scene, known_hosts: str) -> dict[str, str]:
    """What must hold whatever people's configuration says. Bastions keep their own settings."""
    # By what is written down: the console may have shown its keys since `prepare_host_keys` looked.
    is_known = bool((scene.folder.path / KNOWN_HOSTS).read_text().strip())
    return {
        "BatchMode": "yes",
        "HostKeyAlias": alias(scene),
        "UserKnownHostsFile": known_hosts,
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes" if is_known else "accept-new",
        "HashKnownHosts": "no",
        "UpdateHostKeys": "no",
        "CheckHostIP": "no",
        "ConnectTimeout": "10",
        "ServerAliveInterval": "5",
        "ServerAliveCountMax": "3",
        "ControlMaster": "no",
        "ControlPath": "none",
        "ForwardAgent": "no",
        "ForwardX11": "no",
        "ClearAllForwardings": "yes",
        "PermitLocalCommand": "no",
        "RemoteCommand": "none",
        "Tunnel": "no",
        "RequestTTY": "no",
    }


def write_ssh_config(scene: Scene) -> None:
    """A configuration with which programs, and people, reach the machine as the checks do."""
    path = str(scene.folder.path / KNOWN_HOSTS).replace("%", "%%")
    options = _options(scene, f'"{path}"')
    if scene.target.user:
        options["User"] = scene.target.user
    if scene.target.key:
        quoted = str(scene.target.key).replace("%", "%%")
        options |= {"IdentityFile": f'"{quoted}"', "IdentitiesOnly": "yes"}
    own = scene.target.ssh_config
    others = [str(own)] if own else ["~/.ssh/config", "/etc/ssh/ssh_config"]
    lines = [f"Host {scene.target.address}", *(f"    {name} {value}" for name, value in options.items())]
    lines += ["Match all", *(f'    Include "{other}"' for other in others)]
    scene.folder.write(SSH_CONFIG, "\n".join(lines) + "\n")
