"""The processes of one HTCondor: started, found, given commands, ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.condor_pool.installation import Installation

COMMAND_SECONDS = 30.0
STOP_SECONDS = 10.0
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL")
OWN_NAMESPACES = ("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child")

INSIDE = """
set -eu
root=$1 folder=$2 temporary=$3
for name in passwd group; do
    mount --bind "$folder/$name" "$root/etc/$name"
done
if [ "$root" != / ]; then
    mkdir -p "$root$temporary"
    mount --bind "$temporary" "$root$temporary"
    mount --rbind /dev "$root/dev"
    for name in hosts resolv.conf; do
        mount --bind "/etc/$name" "$root/etc/$name"
    done
fi
mount -t proc proc "$root/proc"
chroot "$root" env CONDOR_CONFIG="$folder/server_config" condor_master -f
exit
"""
"""The shell stays the first process of its process namespace: when it ends, the kernel ends all the others.

(unshare has it killed when we are. condor_master would lose that: changing one's effective user clears it,
prctl(2), PR_SET_PDEATHSIG.)
"""


@dataclass(frozen=True)
class Daemons:
    """What runs below `process`. `inside`: the words before a command for it to run where the daemons do."""

    process: subprocess.Popen[bytes]
    inside: tuple[str, ...]
    environment: Mapping[str, str]
    isolated: bool

    def ask(self, *command: str) -> str:
        """What one of HTCondor's programs prints, "" if it fails."""
        done = self._run(command)
        return done.stdout if done.returncode == 0 else ""

    def run(self, *command: str) -> str:
        """Likewise, but raises RuntimeError if it fails."""
        done = self._run(command)
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stderr or done.stdout}")
        return done.stdout

    def _run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.inside, *command],
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def pids(self, program: str = "") -> list[int]:
        """Process ids (as seen from here) of all that runs, or of one program."""
        found = _descendants(self.process.pid)
        return [pid for pid, name in found.items() if not program or name == program[:15]]

    def stop(self) -> None:
        """Ends all at once; what the daemons were about to do is left undone."""
        everything = self.pids()
        if self.isolated:
            self.process.kill()
        else:
            self.process.send_signal(signal.SIGQUIT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_SECONDS)
        if not self.isolated:
            for pid in everything:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)
        until = time.monotonic() + STOP_SECONDS  # those in a namespace of their own end a moment later
        while any(map(is_alive, everything)) and time.monotonic() < until:
            time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether a process runs still."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def start_daemons(installation: Installation, folder: Path, users: Mapping[str, int]) -> Daemons:
    """Starts condor_master. `users` (name → id) exist inside, when this runs as root."""
    isolated = os.geteuid() == 0
    environment = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "CONDOR_CONFIG": str(folder / "server_config"),
        "LANG": "C.UTF-8",
    }
    if isolated:
        _write_users(installation.root, folder, users)
        temporary = tempfile.gettempdir()
        script = ["sh", "-c", INSIDE, "sh", str(installation.root), str(folder), temporary]
        command = [*DIES_WITH_US, *OWN_NAMESPACES, *script]
    else:
        command = [*DIES_WITH_US, "condor_master", "-f"]
    with (folder / "master.out").open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    inside: tuple[str, ...] = ()
    if isolated:
        inside = _entering(process, installation.root)
    return Daemons(process, inside, environment, isolated)


def _entering(process: subprocess.Popen[bytes], root: Path) -> tuple[str, ...]:
    """The words that bring a command into the namespaces of the shell above, once its master is there."""
    while process.poll() is None:
        found = _descendants(process.pid)
        if "condor_master" in found.values():
            shell = next(iter(found))  # the process's only child
            return ("nsenter", "--target", str(shell), "--mount", "--pid", "chroot", str(root))
    return ("false",)


def _write_users(root: Path, folder: Path, users: Mapping[str, int]) -> None:
    passwd = (root / "etc/passwd").read_text("utf-8")
    group = (root / "etc/group").read_text("utf-8")
    for name, number in users.items():
        passwd += f"{name}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin\n"
        group += f"{name}:x:{number}:\n"
    (folder / "passwd").write_text(passwd, "utf-8")
    (folder / "group").write_text(group, "utf-8")


def _descendants(root: int) -> dict[int, str]:
    """Process ids below `root` and their programs' names, of 15 characters at most (proc(5))."""
    children: dict[int, list[tuple[int, str]]] = {}
    for pid, parent, name in _processes():
        children.setdefault(parent, []).append((pid, name))
    found: dict[int, str] = {}
    waiting = [root]
    while waiting:
        for pid, name in children.get(waiting.pop(), []):
            found[pid] = name
            waiting.append(pid)
    return found


def _processes() -> Iterator[tuple[int, int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                before, _, after = (entry / "stat").read_text("utf-8", "replace").rpartition(")")
                if after.split()[0] != "Z":
                    yield int(entry.name), int(after.split()[1]), before.partition("(")[2]
