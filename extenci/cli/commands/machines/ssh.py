"""`extenci ssh`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from extenci.cli.addresses import parse_machine
from extenci.cli.options import MachineAddress, MachineId, RootFolder, Trusted


def ssh(
    address: MachineAddress,
    command: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[COMMAND]...", help="What to run there. Default: a login shell.", show_default=False
        ),
    ] = None,
    machine: MachineId = None,
    user: Annotated[
        str | None, typer.Option("--user", "-l", metavar="NAME", help="The user. Default: the checks'.")
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option("--key", "-i", metavar="FILE", help="The private key. Default: the checks'."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", "-p", min=1, max=65535, help="The port. Default: the checks', or 22."),
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="Use the machine's private address.")] = False,
    root: RootFolder = None,
    _trust: Trusted = None,
) -> int:
    """Log in to a machine of a group, or to a test VM.

    The system's ssh does it, with your ~/.ssh/config and agent. User, key and port are those of the first
    check of the image's `verify:` block that logs in; the key of a test VM's temporary key pair is used where
    it is here. The machine's host key must be the one that its console shows, where that shows any; else the
    first one is kept. A command with options stands after `--`. Exits as ssh does.

    \b
    Examples:
      extenci ssh sandbox/pool
      extenci ssh sandbox/pool[1] uptime
      extenci ssh amazon/worker --machine i-0a1b2c3d --user admin -- journalctl -b
    """
    from extenci import api

    words = api.ssh_words(
        parse_machine(address, machine, root), command or (), api.SshOptions(user, key, port, private)
    )
    os.execvp(words[0], words)  # noqa: S606 - arguments, and no shell on this machine
