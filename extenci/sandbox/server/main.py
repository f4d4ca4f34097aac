"""The sandbox's own process: `python -m extenci.sandbox.server.main HOME READY-FD EC2-PORT S3-PORT EBS-PORT`.

Started by `extenci.sandbox.control`. Says `ready`, or what is wrong, on READY-FD, in one line. Ends on
SIGTERM, and by itself when its state file is gone or no longer its own.
"""

from __future__ import annotations

import gc
import json
import os
import secrets
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from extenci.sandbox.folder import Folder
from extenci.sandbox.keys import write_bundle_keys

if TYPE_CHECKING:
    from extenci.sandbox.http.listener import Listener
    from extenci.sandbox.state.machines import Machines

WATCH_SECONDS = 2.0
BOOT_SECONDS = "EXTENCI_SANDBOX_BOOT_SECONDS"
FORGET_SECONDS = "EXTENCI_SANDBOX_FORGET_SECONDS"
SEAL_SECONDS = "EXTENCI_SANDBOX_SEAL_SECONDS"
IMPORT_SECONDS = "EXTENCI_SANDBOX_IMPORT_SECONDS"
SERVER_NAME = "EXTENCI_SANDBOX_SERVER_NAME"

_MOTO_SETTINGS = {
    "MOTO_ACCOUNT_ID": "123456789012",
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",  # hundreds, none of which could boot here
}


def main(arguments: list[str]) -> None:
    home, ready, *ports = arguments
    if os.fork():
        return
    word = int(ready)
    try:
        stopped = _open(Folder(Path(home)), [int(port) for port in ports])
    except Exception as error:  # noqa: BLE001  # reported to whoever started us, with the traceback in the log
        traceback.print_exc()
        _say(word, f"{type(error).__name__}: {error}")
        os._exit(1)
    _say(word, "ready")
    stopped()
    sys.stderr.flush()
    os._exit(0)  # threads that wait for clients end with the process


def _say(descriptor: int, text: str) -> None:
    os.write(descriptor, " ".join(text.split()).encode() + b"\n")
    os.close(descriptor)


def _open(folder: Folder, ports: list[int]) -> Callable[[], None]:
    """Brings the three listeners up, writes the state file, and gives back the wait for the end."""
    end = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(_MOTO_SETTINGS)
    tempfile.tempdir = str(folder.root)  # where moto puts big objects: /tmp may be small, or memory
    gc.disable()  # importing makes objects that stay: collecting meanwhile costs a third of the time
    identity = secrets.token_hex(16)
    keys = threading.Thread(target=write_bundle_keys, args=(folder,))
    keys.start()  # while moto is imported
    listeners, machines = _listeners(folder, ports, identity)
    keys.join()
    gc.freeze()
    gc.enable()
    for listener in listeners:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
    ec2, s3, ebs = (listener.port for listener in listeners)
    state = {"pid": os.getpid(), "identity": identity, "ec2": ec2, "s3": s3, "ebs": ebs}
    _write_state(folder, {**state, "machines": machines.kind, "forwards": dict(machines.forwards)})

    def stopped() -> None:
        _wait(folder, identity, end)
        machines.close()

    return stopped


def _listeners(folder: Folder, ports: list[int], identity: str) -> tuple[list[Listener], Machines]:
    """Imports moto: settings and garbage collection must be as they should by now."""
    from extenci.sandbox.server.services import open_listeners  # noqa: PLC0415

    boot = float(os.environ.get(BOOT_SECONDS, "0.5"))
    forget = float(os.environ.get(FORGET_SECONDS, "3600"))
    seal = float(os.environ.get(SEAL_SECONDS, "0.2"))
    return open_listeners(
        folder,
        ports,
        identity,
        boot_seconds=boot,
        forget_seconds=forget,
        seal_seconds=seal,
        import_seconds=float(os.environ.get(IMPORT_SECONDS, "0")),
        server_name=os.environ.get(SERVER_NAME, "AmazonEC2"),
    )


def _write_state(folder: Folder, state: Mapping[str, object]) -> None:
    unfinished = folder.state.with_suffix(".new")
    unfinished.write_text(json.dumps(state), "utf-8")
    unfinished.chmod(0o600)
    unfinished.replace(folder.state)


def _wait(folder: Folder, identity: str, end: threading.Event) -> None:
    """Until SIGTERM, or until the state file is no longer ours: its home is gone or someone else's."""
    while not end.wait(WATCH_SECONDS):
        try:
            state = json.loads(folder.state.read_text("utf-8"))
        except (OSError, ValueError):
            return
        if state.get("identity") != identity:
            return


if __name__ == "__main__":
    main(sys.argv[1:])
