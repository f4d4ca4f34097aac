"""Programs of checks end with this process, however it ends: a shell waits for that and kills their group."""

from __future__ import annotations

import os
import subprocess

_WATCH = 'read -r group || exit; read -r _; kill -9 "-$group"'
"""Waits until the other end of its standard input is closed, which not even SIGKILL prevents."""


class GroupGuard:
    """A shell that kills a process group as soon as this process is gone. OSError where it does not start."""

    def __init__(self) -> None:
        read, self._write = os.pipe()  # neither end goes to any other program: Python closes them on exec
        try:
            self._shell = subprocess.Popen(
                ["/bin/sh", "-c", _WATCH],
                stdin=read,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={},
                start_new_session=True,
            )
        except OSError:
            os.close(self._write)
            raise
        finally:
            os.close(read)

    def guard(self, group: int) -> None:
        """Begin to guard a process group."""
        os.write(self._write, b"%d\n" % group)

    def close(self) -> None:
        """Guard no longer. The group's leader must not be reaped before: its number may be another's then."""
        self._shell.kill()
        self._shell.wait()
        os.close(self._write)
