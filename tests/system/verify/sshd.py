"""A real OpenSSH server on a free port of 127.0.0.1, with host keys and an authorized key of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

SSHD = "/usr/sbin/sshd"


class SshdMissing(Exception):
    """There is no OpenSSH server or client on this machine."""


@dataclass(frozen=True)
class Sshd:
    """A running server; `keys` holds its host keys and `key` the private key that logs in as `user`."""

    process: subprocess.Popen[bytes]
    folder: Path
    address: str
    port: int
    user: str
    key: Path

    @property
    def host_key(self) -> str:
        """Its host key, as `TYPE BASE64`."""
        return " ".join((self.folder / "host_key.pub").read_text().split()[:2])

    @property
    def fingerprint(self) -> str:
        """The host key's, as ssh-keygen prints it."""
        shown = subprocess.run(
            ["ssh-keygen", "-l", "-f", str(self.folder / "host_key.pub")],  # noqa: S607
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return shown.stdout.split()[1]

    def stop(self) -> None:
        """End it and its sessions."""
        self.process.terminate()
        self.process.wait(10)


def require_openssh() -> None:
    """SshdMissing where tests cannot run."""
    if not Path(SSHD).exists() or shutil.which("ssh") is None:
        raise SshdMissing("Install openssh-server and openssh-client.")


def make_key(path: Path) -> None:
    """A key pair without a passphrase."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(path)],  # noqa: S607
        check=True,
    )


def start_sshd(folder: Path, *, address: str = "127.0.0.1", port: int | None = None) -> Sshd:
    """Start a server that lets the user who runs the tests log in with a fresh key."""
    require_openssh()
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("host_key", "login"):
        if not (folder / name).exists():
            make_key(folder / name)
    shutil.copy(folder / "login.pub", folder / "authorized_keys")
    for attempt in range(5):  # another worker may take a free port first
        try:
            return launch_sshd(folder, address, free_port(address) if port is None else port)
        except RuntimeError:
            if port is not None or attempt == 4:
                raise
    raise AssertionError


def launch_sshd(folder: Path, address: str, port: int) -> Sshd:
    """Start a server at a port. RuntimeError where it ends, say since somebody else is there."""
    (folder / "config").write_text(
        f"ListenAddress {address}:{port}\nHostKey {folder}/host_key\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {folder}/authorized_keys\nPasswordAuthentication no\nStrictModes no\n"
        "KbdInteractiveAuthentication no\nAllowTcpForwarding yes\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [SSHD, "-D", "-e", "-f", str(folder / "config")], stdout=log, stderr=log, stdin=subprocess.DEVNULL
    )
    log.close()
    wait_until_listening(address, port, process, folder)
    return Sshd(process, folder, address, port, pwd.getpwuid(os.geteuid()).pw_name, folder / "login")


def wait_until_listening(address: str, port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    """Until it says that it listens: at a port that is taken, somebody else would answer."""
    end = time.monotonic() + 20
    listening = f"Server listening on {address} port {port}"
    while time.monotonic() < end and process.poll() is None:
        if listening in (folder / "log").read_text():
            return
        time.sleep(0.05)
    process.kill()
    process.wait()
    raise RuntimeError((folder / "log").read_text())


def free_port(address: str) -> int:
    """A port that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port
