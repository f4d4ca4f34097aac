"""Starts, finds, stops and resets the sandbox of an EXTENCI_HOME.

Standard library only: this is loaded by every command that uses the service `sandbox`, and must not
cost the second that importing moto takes. The sandbox is a process of its own that survives the
command; there is one for each home, found by its state file and asked for its identity, because a
process id alone may by now belong to someone else.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from extenci.model.abilities import parse_names
from extenci.model.service import SANDBOX_ACCOUNT, BundleKeys, SandboxStatus
from extenci.sandbox.folder import Folder
from extenci.sandbox.keys import write_keys
from extenci.sandbox.process import Server, answers, end, launch
from extenci.sandbox.qemu.installation import choose, kind
from extenci.sandbox.qemu.ports import wanted_ports
from extenci.sandbox.server.faults import parse_faults

FAULTS = "EXTENCI_SANDBOX_FAULTS"
WITHOUT = "EXTENCI_SANDBOX_WITHOUT"


def start(home: Path, faults: str | None = None, without: str | None = None) -> SandboxStatus:
    """Starts the sandbox of `home` unless it runs, and returns when it answers (about 1 second).

    `faults` says how it is to misbehave from now on, also where it runs already ("none": not at all); None:
    as it does, and one that starts does as the environment variable EXTENCI_SANDBOX_FAULTS says.
    `without` likewise names the abilities that it is to lack (EXTENCI_SANDBOX_WITHOUT).
    Raises SandboxError when moto is not installed or the server does not come up, UsageError of
    `faults` and `without`.
    """
    folder = Folder(home)
    at_start = os.environ.get(FAULTS, "") if faults is None else faults
    parse_faults(at_start)
    lacking_at_start = os.environ.get(WITHOUT, "") if without is None else without
    parse_names(lacking_at_start)
    with _locked(folder):
        server = _running(folder)
        if server is None:
            end(folder)
            _discard(folder, keep_keys=True)
            server, faults, without = _start(folder, (0, 0, 0)), at_start, lacking_at_start
        if faults is not None:
            _write_rules(folder.faults, faults, is_empty=not parse_faults(faults))
        if without is not None:
            _write_rules(folder.lacking, without, is_empty=not parse_names(without))
        return _status(folder, server)


def status(home: Path) -> SandboxStatus:
    """Finds out whether the sandbox of `home` runs. Changes nothing."""
    folder = Folder(home)
    return _status(folder, _running(folder))


def stop(home: Path) -> None:
    """Ends the sandbox of `home` and removes all it had: machines, disks, objects, keys and logs."""
    folder = Folder(home)
    if not folder.root.exists():
        return
    with _locked(folder):
        end(folder)
        _discard(folder, keep_keys=False)


def reset(home: Path) -> SandboxStatus:
    """Drops all state and disks. A sandbox that ran runs on, empty, with the same ports and keys."""
    folder = Folder(home)
    with _locked(folder):
        server = _running(folder)
        end(folder)
        faults, without = _read_rules(folder.faults), _read_rules(folder.lacking)
        _discard(folder, keep_keys=server is not None)
        if server is None:
            return _status(folder, None)
        server = _start(folder, server.ports)
        _write_rules(folder.faults, faults, is_empty=not faults)
        _write_rules(folder.lacking, without, is_empty=not without)
        return _status(folder, server)


def key_files(home: Path) -> tuple[Path, Path]:
    """The files with the access key and the secret key for the service `sandbox`; `start` writes them."""
    folder = Folder(home)
    return folder.access_key, folder.secret_key


def bundle_keys(home: Path) -> BundleKeys:
    """The keys of bundles for the service `sandbox`, which writes the files as it starts."""
    folder = Folder(home)
    paths = (folder.user_certificate, folder.user_key, folder.cloud_certificate)
    certificate, private_key, cloud = (str(path) for path in paths)
    return BundleKeys(certificate, private_key, cloud, SANDBOX_ACCOUNT)


def _start(folder: Folder, ports: tuple[int, int, int]) -> Server:
    choose()
    wanted_ports()  # both raise here what would end the server with fewer words
    for place in (folder.root, folder.keys, folder.disks, folder.objects):
        place.mkdir(mode=0o700, exist_ok=True)
    write_keys(folder)
    return launch(folder, ports)


def _write_rules(path: Path, text: str, *, is_empty: bool) -> None:
    """In one step: the server reads the file at every request."""
    if is_empty:
        path.unlink(missing_ok=True)
        return
    unfinished = path.with_suffix(".new")
    unfinished.write_text(text, "utf-8")
    unfinished.replace(path)


def _read_rules(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""


def _status(folder: Folder, server: Server | None) -> SandboxStatus:
    if server is None:
        return SandboxStatus(False, "", "", "", kind(), None, folder.calls)
    ec2, s3, ebs = (f"http://127.0.0.1:{port}" for port in server.ports)
    forwards = {int(port): here for port, here in server.forwards.items()}
    return SandboxStatus(
        True, ec2, s3, ebs, server.machines, server.pid, folder.calls, forwards,
        faults=_read_rules(folder.faults), without=_read_rules(folder.lacking),
    )  # fmt: skip


@contextlib.contextmanager
def _locked(folder: Folder) -> Iterator[None]:
    """Only one command at a time starts or ends the sandbox of a home."""
    folder.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _running(folder: Folder) -> Server | None:
    server = Server.read(folder.state)
    return server if server is not None and answers(server) else None


def _discard(folder: Folder, *, keep_keys: bool) -> None:
    if not folder.root.exists():
        return
    for entry in folder.root.iterdir():
        if keep_keys and entry == folder.keys:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    if not keep_keys:
        folder.root.rmdir()
