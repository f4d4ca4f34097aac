"""Whether a process that wrote something down still runs."""

from __future__ import annotations

import os
import socket


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
