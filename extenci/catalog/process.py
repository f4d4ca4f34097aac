"""Who runs this process, and whether another one that wrote something down still runs."""

from __future__ import annotations

import getpass
import os
import socket


def user_name() -> str:
    """The user's name, or number where it has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def who_runs() -> str:
    """The user and the machine of this process: `ann on lab`."""
    return f"{user_name()} on {socket.gethostname()}"


def has_died(pid: int, host: str) -> bool:
    """Whether a process of this host is gone. False for other hosts, of which nothing is known."""
    if host != socket.gethostname():
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:  # it is another user's
        return False
    return False
