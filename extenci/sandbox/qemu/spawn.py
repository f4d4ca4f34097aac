"""QEMU as a child that cannot outlive us: the kernel kills it when its parent ends, by SIGKILL too.

prctl(2), PR_SET_PDEATHSIG: the parent is the *thread* that made the child, which must live as long.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_PROGRAM = """\
import contextlib, ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
    file.write("500")
os.nice(5)
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Tells the kernel, looks whether the parent died just before that, says that this process is the one to go
when memory runs out and to wait when processors are busy, and becomes the program. (Code of ours between
fork and exec would not be safe in threads.)"""


def spawn(
    command: Sequence[str], folder: Path, descriptors: Sequence[int], log: Path
) -> subprocess.Popen[bytes]:
    """Starts `command` in `folder`; what it prints goes to `log`."""
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _PROGRAM, str(os.getpid()), *command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=descriptors,
        )
