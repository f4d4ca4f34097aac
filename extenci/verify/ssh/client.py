"""Commands on the machine. The system's own SSH client runs them, so that people's ~/.ssh/config, with its
bastions and agents, works here as it does for them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from extenci.model.verification import LoginCheck
from extenci.verify.attempt import Attempt, AttemptResult, CheckContext
from extenci.verify.evidence_folder import KNOWN_HOSTS, SSH_CONFIG, open_private
from extenci.verify.programs import Cutoff, ProgramEnd, excerpt, run_program
from extenci.verify.ssh import host_keys
from extenci.verify.ssh.private_key import explain_unloaded
from extenci.verify.target import safe_name

MOST_OUTPUT = 4 << 20
"""Bytes of output after which a command on the machine is ended."""

CLIENT_LOG = ".ssh-log"

CHANGED = (
    "the machine's host key is not the one that {source}; the connection may be intercepted, "
    "or the address belongs to another machine"
)

_AUTHENTICATED = re.compile(r"^Authenticated to ", re.MULTILINE)
_LOST = re.compile(r"closed by remote host|^Timeout, server|Broken pipe|Connection reset", re.MULTILINE)
_CHATTER = re.compile(
    r"^(?:Authenticated to|Transferred:|Bytes per second|debug|Warning: Permanently added|@+|\s*$)"
)


def run_command(
    check: LoginCheck, command: str, context: CheckContext, attempt: Attempt
) -> ProgramEnd | AttemptResult:
    """Log in and run a command, which the machine's shell reads. Returns the command's end, or why it was not
    run to its end."""
    if fault := prepare_host_keys(check, context, attempt):
        return fault
    write_ssh_config(context)
    end, said = _call(build_command(check, context, command), context, attempt)
    attempt.log.write(f"ssh says: {said.strip()}\n".encode())
    if end.fault:
        text = f"ssh cannot be started: {end.fault}; install OpenSSH's client (openssh-client)"
        return AttemptResult(False, text, final=True, unable=True)
    if fault := _explain_refusal(context, said):
        return fault
    if not _AUTHENTICATED.search(said):
        if unloaded := explain_unloaded(said, check.key or context.target.key):
            return AttemptResult(False, unloaded, final=True, unable=True)
        reason = last_words(said) if end.cutoff is None else end.cutoff.value
        return _no_login(check, context, reason)
    return _explain_cutoff(end, said, attempt) or end


def _no_login(check: LoginCheck, context: CheckContext, reason: str) -> AttemptResult:
    return AttemptResult(False, f"no login to {context.target.address} port {check.port}: {reason}")


def _explain_cutoff(end: ProgramEnd, said: str, attempt: Attempt) -> AttemptResult | None:
    output = excerpt(end.output)
    if end.cutoff is Cutoff.TIME:
        return AttemptResult(False, f"the command did not end within {attempt.seconds:.0f} s", output)
    if end.cutoff is not None:
        return AttemptResult(False, f"the command was given up: {end.cutoff.value}", output)
    if end.status == 255 and _LOST.search(said):
        return AttemptResult(False, f"the connection was lost: {last_words(said)}", output)
    return None


def prepare_host_keys(check: LoginCheck, context: CheckContext, attempt: Attempt) -> AttemptResult | None:
    """Write known_hosts, so that ssh talks to no other machine. Returns the reason where that is impossible.

    It gets the keys that the console shows. Where the console shows fingerprints only, it gets the machine's
    own key, if its fingerprint is among them. Where it shows neither, ssh accepts the first key.
    """
    key = check.key or context.target.key
    if key is not None and not Path(key).is_file():
        return AttemptResult(False, f"the private key {key} does not exist", final=True, unable=True)
    known = context.folder.path / KNOWN_HOSTS
    if keys := host_keys.find_keys(context.console.text):
        context.folder.write(KNOWN_HOSTS, host_keys.write_known_hosts(alias(context), keys))
        return None
    if host_keys.find_fingerprints(context.console.text) and not known.read_text():
        command = build_command(check, context, "true", "-oPreferredAuthentications=none")
        _, said = _call(command, context, attempt)
        if not known.read_text():
            return _no_login(check, context, last_words(said))
    return find_contradiction(context)


def find_contradiction(context: CheckContext) -> AttemptResult | None:
    """The reason not to trust logins: an accepted host key is not among those on the console."""
    known = host_keys.read_known_hosts((context.folder.path / KNOWN_HOSTS).read_text())
    if host_keys.contradicts(known, context.console.text):
        return AttemptResult(False, CHANGED.format(source="the console shows"), final=True)
    return None


def _explain_refusal(context: CheckContext, said: str) -> AttemptResult | None:
    if "HOST IDENTIFICATION HAS CHANGED" not in said and "Host key verification failed" not in said:
        return None
    shown = host_keys.find_keys(context.console.text) or host_keys.find_fingerprints(context.console.text)
    source = "the console shows" if shown else "it had before"
    return AttemptResult(False, CHANGED.format(source=source), final=True)


def _call(command: Sequence[str], context: CheckContext, attempt: Attempt) -> tuple[ProgramEnd, str]:
    """Run ssh in the evidence folder. Returns its end, and its own messages, which are not in the output."""
    path = context.folder.path / CLIENT_LOG
    open_private(path).close()
    end = run_program(
        command,
        folder=context.folder.path,
        environment=context.environment,
        log=attempt.log,
        halt=context.halt,
        seconds=attempt.seconds,
        most=MOST_OUTPUT,
    )
    said = path.read_bytes()[-20000:].decode("utf-8", "replace").replace("\r", "")
    path.unlink()
    return end, said


def last_words(said: str) -> str:
    """The last of ssh's messages that is a reason."""
    lines = [line.strip() for line in said.splitlines() if not _CHATTER.match(line)]
    return lines[-1].removeprefix("ssh: ")[:300] if lines else "ssh gave no reason"


def alias(context: CheckContext) -> str:
    """The machine's name in known_hosts. Its address will not do: another machine may have had it before."""
    return f"extenci-{safe_name(context.target.machine)}"


def build_command(check: LoginCheck, context: CheckContext, command: str, *more: str) -> list[str]:
    """ssh's command line. The command is one argument: the machine's shell reads it, as people expect."""
    user, key = check.user or context.target.user, check.key or context.target.key
    own = ["-F", str(context.target.ssh_config)] if context.target.ssh_config else []
    return [
        *("ssh", *own, "-T", "-n", f"-E{CLIENT_LOG}", "-oLogLevel=VERBOSE", *more),
        *(f"-o{name}={value}" for name, value in _options(context, KNOWN_HOSTS).items()),
        *(["-l", user] if user else []),
        *(["-i", str(key).replace("%", "%%"), "-oIdentitiesOnly=yes"] if key else []),
        *("-p", str(check.port), "--", context.target.address),
        command,
    ]


def _options(context: CheckContext, known_hosts: str) -> dict[str, str]:
    """Options that override people's configuration. Bastions keep their own settings."""
    # The file decides: the console may have shown its keys since `prepare_host_keys` looked.
    is_known = bool((context.folder.path / KNOWN_HOSTS).read_text().strip())
    return {
        "BatchMode": "yes",
        "HostKeyAlias": alias(context),
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


def write_ssh_config(context: CheckContext) -> None:
    """Write a configuration with which programs, and people, reach the machine as the checks do."""
    path = str(context.folder.path / KNOWN_HOSTS).replace("%", "%%")
    options = _options(context, f'"{path}"')
    if context.target.user:
        options["User"] = context.target.user
    if context.target.key:
        quoted = str(context.target.key).replace("%", "%%")
        options |= {"IdentityFile": f'"{quoted}"', "IdentitiesOnly": "yes"}
    own = context.target.ssh_config
    others = [str(own)] if own else ["~/.ssh/config", "/etc/ssh/ssh_config"]
    lines = [f"Host {context.target.address}", *(f"    {name} {value}" for name, value in options.items())]
    lines += ["Match all", *(f'    Include "{other}"' for other in others)]
    context.folder.write(SSH_CONFIG, "\n".join(lines) + "\n")
