"""A personal HTCondor for tests: master, collector, schedd, and the gridmanagers and GAHPs they start.

All of it lives in one folder and, where that is possible, in process and mount namespaces of its own, so that
no process and no mount outlives it, however the tests end.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.condor_pool.daemons import Daemons, start_daemons
from tests.condor_pool.installation import Installation
from tests.condor_pool.settings import DOMAIN, SCHEDD_NAME, client_text, server_text, text_of

JOB_USER = "extenci-test"
JOB_USER_ID = 61177
"""Of the user who owns the jobs when the tests run as root, who may own none. Exists inside only."""
START_SECONDS = 30.0


@dataclass(frozen=True)
class Pool:
    """A running HTCondor. Everything of it is at the same path inside its chroot and outside.

    `collector` is "127.0.0.1:PORT"; `schedd` a name to ask it for; `user` owns the jobs; `token_directory`
    has a token that says so; files in `key_folder` can be read by that user, and by nobody else but root.
    """

    collector: str
    schedd: str
    user: str
    token_directory: Path
    key_folder: Path
    log_folder: Path
    client_config: Path
    folder: Path
    daemons: Daemons

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to be a client of this pool, as `user`."""
        return {"CONDOR_CONFIG": str(self.client_config)}

    @contextmanager
    def as_client(self) -> Iterator[None]:
        """This process, and those it starts, use this pool meanwhile."""
        import htcondor2  # noqa: PLC0415  # reads the configuration when it is loaded

        before = os.environ.get("CONDOR_CONFIG")
        os.environ.update(self.environment)
        htcondor2.reload_config()
        try:
            yield
        finally:
            if before is None:
                del os.environ["CONDOR_CONFIG"]
            else:
                os.environ["CONDOR_CONFIG"] = before
                htcondor2.reload_config()

    def write_key(self, name: str, text: str) -> Path:
        """A file in `key_folder` that only the jobs' user (and root) can read."""
        path = self.key_folder / name
        path.write_text(text, "utf-8")
        path.chmod(0o600)
        if os.geteuid() == 0:
            os.chown(path, JOB_USER_ID, JOB_USER_ID)
        return path

    def stop_schedd(self) -> None:
        self.daemons.run("condor_off", "-fast", "-daemon", "schedd")
        _until(lambda: not self.pids("condor_schedd"), "the schedd to end")
        _until(lambda: not self.pids("condor_gridmanager"), "the gridmanagers to end")

    def start_schedd(self) -> None:
        (self.folder / "spool" / ".schedd_address").unlink(missing_ok=True)
        self.daemons.run("condor_on", "-daemon", "schedd")
        self.wait_for_schedd()

    def restart_schedd(self) -> None:
        self.stop_schedd()
        self.start_schedd()

    def kill_gridmanager(self) -> None:
        """SIGKILL to all gridmanagers; the schedd starts new ones while there are jobs."""
        for pid in self.pids("condor_gridmanager"):
            os.kill(pid, signal.SIGKILL)

    def reconfigure(self, extra: Mapping[str, str]) -> None:
        """Puts these settings in the place of the last call's, for all daemons and gridmanagers."""
        (self.folder / "extra_config").write_text(text_of(extra), "utf-8")
        self.daemons.run("condor_reconfig")
        self.daemons.run("condor_reconfig", "-daemon", "schedd")

    def pids(self, program: str = "") -> list[int]:
        """Process ids, as seen from here, of this pool's processes, or of one program, e.g. "ec2_gahp"."""
        return self.daemons.pids(program)

    def wait_for_schedd(self) -> None:
        known = ("condor_status", "-schedd", "-af", "Name")
        address = self.folder / "spool" / ".schedd_address"
        _until(lambda: address.exists() and self.schedd in self.daemons.ask(*known), "the schedd")

    def stop(self) -> None:
        self.daemons.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def start_pool(installation: Installation, schedd: str = SCHEDD_NAME) -> Pool:
    """Starts one and returns when its collector knows its schedd. Raises RuntimeError with the logs' ends."""
    folder = Path(tempfile.mkdtemp(prefix="extenci-condor-"))
    collector = f"127.0.0.1:{_free_port()}"
    tokens, keys = folder / "tokens", folder / "keys"
    _make_folders(installation, folder)
    (folder / "server_config").write_text(server_text(folder, collector, schedd), "utf-8")
    (folder / "client_config").write_text(client_text(folder, collector, tokens, schedd), "utf-8")
    user = JOB_USER if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    daemons = start_daemons(installation, folder, {JOB_USER: JOB_USER_ID})
    pool = Pool(
        collector=collector,
        schedd=schedd,
        user=user,
        token_directory=tokens,
        key_folder=keys,
        log_folder=folder / "log",
        client_config=folder / "client_config",
        folder=folder,
        daemons=daemons,
    )
    try:
        pool.wait_for_schedd()
        token = daemons.run("condor_token_create", "-identity", f"{user}@{DOMAIN}")
        _write_secret(tokens / "token", token.encode())
    except BaseException as error:
        logs = _ends_of_logs(folder)
        pool.stop()
        raise RuntimeError(f"HTCondor did not start: {error}\n{logs}") from error
    return pool


def _make_folders(installation: Installation, folder: Path) -> None:
    folder.chmod(0o755)
    for name in ("log", "spool", "execute", "lock", "run", "cred_dir", "gahp_log"):
        (folder / name).mkdir()
    for name in ("passwords.d", "system_tokens.d", "tokens", "keys"):
        (folder / name).mkdir(mode=0o700)
    (folder / "gahp_log").chmod(0o1777)
    _write_secret(folder / "passwords.d" / "POOL", secrets.token_bytes(64))
    if os.geteuid() == 0:
        daemon = installation.user_id("condor")
        for name in ("log", "spool", "execute", "lock", "run"):
            os.chown(folder / name, *daemon)
        os.chown(folder / "keys", JOB_USER_ID, JOB_USER_ID)


def _write_secret(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(descriptor, content)
    os.close(descriptor)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _until(question: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not question():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {START_SECONDS:.0f} s for {what}")
        time.sleep(0.05)


def _ends_of_logs(folder: Path) -> str:
    paths = [*sorted((folder / "log").glob("*Log")), folder / "master.out"]
    return "\n".join(f"{path.name}:\n{path.read_text('utf-8', 'replace')[-1500:]}" for path in paths)
