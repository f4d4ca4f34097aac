"""What is tried on a test VM, and what came of it: checks, the block that asks for them, evidence."""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from extenci.model.address import Launch
from extenci.model.launch import LaunchSettings

HASH_FORMAT = 1
"""Changes where the same block must count as another one."""


@dataclass(frozen=True)
class TcpCheck:
    """A port accepts connections.

    In every check, `timeout` is how long one try may take, in seconds (None: what is left of the block's
    time), and `retries` how often a failed try is repeated (None: until the block's time is up).
    """

    tcp: int
    timeout: int | None = None
    retries: int | None = None

    @property
    def label(self) -> str:
        """The check in a few words."""
        return f"tcp {self.tcp}"


@dataclass(frozen=True)
class SshCheck:
    """A command ends with `status`, and `output`, a regular expression, is found in what it prints. `user`
    and `key` (an absolute path) None: those of the machine's launch."""

    ssh: str
    user: str | None = None
    key: str | None = None
    port: int = 22
    status: int = 0
    output: str | None = None
    timeout: int | None = None
    retries: int | None = None

    @property
    def label(self) -> str:
        """The check in a few words."""
        return f"ssh {self.ssh}"


@dataclass(frozen=True)
class HttpCheck:
    """A path is answered with `status`. `port` None: 80, with `tls` 443; `host` None: the address."""

    http: str
    port: int | None = None
    status: int = 200
    host: str | None = None
    tls: bool = False
    timeout: int | None = None
    retries: int | None = None

    @property
    def label(self) -> str:
        """The check in a few words."""
        return f"{'https' if self.tls else 'http'} {f':{self.port}' if self.port else ''}{self.http}"


@dataclass(frozen=True)
class ConsoleCheck:
    """A regular expression is found in the console's output; `^` and `$` match at lines."""

    console: str
    timeout: int | None = None
    retries: int | None = None

    @property
    def label(self) -> str:
        """The check in a few words."""
        return f"console {self.console}"


@dataclass(frozen=True)
class RunCheck:
    """A program on this machine ends with 0. `run` is it and its arguments: an absolute path, or a name that
    is looked for in PATH. It runs in `folder`, where the spec file lies."""

    run: tuple[str, ...]
    folder: str
    timeout: int | None = None
    retries: int | None = None

    @property
    def label(self) -> str:
        """The check in a few words."""
        return f"run {' '.join((brief(self.run[0], self.folder), *self.run[1:]))}"


@dataclass(frozen=True)
class PytestCheck:
    """Tests on this machine succeed, with testinfra's `host` being the test VM. `pytest` are absolute paths;
    `folder`, `user` and `key` as in the other checks."""

    pytest: tuple[str, ...]
    folder: str
    user: str | None = None
    key: str | None = None
    port: int = 22
    timeout: int | None = None
    retries: int | None = None

    @property
    def label(self) -> str:
        """The check in a few words."""
        return f"pytest {' '.join(brief(path, self.folder) for path in self.pytest)}"


Check = TcpCheck | SshCheck | HttpCheck | ConsoleCheck | RunCheck | PytestCheck


def kind_of(check: Check) -> str:
    """The key that names the check in a spec: tcp, ssh, http, console, run, pytest."""
    return type(check).__name__.removesuffix("Check").lower()


def brief(path: str, folder: str) -> str:
    """A path without the folder, where it is in it."""
    return posixpath.relpath(path, folder) if path.startswith(f"{folder}/") else path


class Reach(StrEnum):
    """Which of its addresses a test VM is checked at."""

    PUBLIC = "public"
    PRIVATE = "private"


@dataclass(frozen=True)
class Verify:
    """How a version is tried. `settings` have the service's defaults for test VMs in them; `timeout` and
    `confirm_within` in seconds, the first for launching and checking together; `root` is the spec root.
    `aside`: somebody tries the version otherwise than its block says, which decides nothing about it."""

    settings: LaunchSettings
    launch: Launch = Launch.EC2
    address: Reach = Reach.PUBLIC
    timeout: int = 600
    confirm: bool = False
    confirm_within: int = 86400
    keep_on_failure: bool = False
    checks: tuple[Check, ...] = ()
    root: str = ""
    aside: bool = False


def name_files(verify: Verify) -> tuple[str, ...]:
    """The absolute paths below the spec root that checks name and whose contents belong to the block:
    programs, what among their arguments may be a file, and tests. Not all need exist; some may be folders."""
    found: dict[str, None] = {}
    for check in verify.checks:
        match check:
            case RunCheck():
                words = [word for word in check.run if not word.startswith("-")]
                paths = [posixpath.normpath(posixpath.join(check.folder, word)) for word in words]
                found |= dict.fromkeys(paths)
            case PytestCheck():
                found |= dict.fromkeys(check.pytest)
            case _:
                pass
    return tuple(path for path in found if path.startswith(f"{verify.root}/"))


def hash_verify(verify: Verify, files: Mapping[str, str]) -> str:
    """16 hexadecimal digits that tell one block from another, with the SHA-256 of the files it names.

    The same on every machine that has the specs: paths count relative to the spec root, and of a key
    outside of it (`~/.ssh/id_ed25519`) only the name.
    """
    root = verify.root
    checks = [_portable(check, root) for check in verify.checks]
    block = {**asdict(verify), "root": "", "checks": checks}
    if not verify.aside:
        del block["aside"]  # no part of a block
    content = {
        "format": HASH_FORMAT,
        "block": block,
        "files": sorted((_within(path, root), digest) for path, digest in files.items()),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _portable(check: Check, root: str) -> dict[str, object]:
    values: dict[str, object] = {"kind": kind_of(check), **asdict(check)}
    if isinstance(check, SshCheck | PytestCheck) and check.key is not None:
        inside = _within(check.key, root)
        values["key"] = posixpath.basename(check.key) if inside == check.key else inside
    if isinstance(check, RunCheck):
        values["run"] = [_within(check.run[0], root), *check.run[1:]]
    if isinstance(check, PytestCheck):
        values["pytest"] = [_within(path, root) for path in check.pytest]
    if isinstance(check, RunCheck | PytestCheck):
        values["folder"] = _within(check.folder, root)
    return values


def _within(path: str, root: str) -> str:
    if path == root:
        return "."
    return f"./{posixpath.relpath(path, root)}" if root and path.startswith(f"{root}/") else path


@dataclass(frozen=True)
class Evidence:
    """What one check found. `tries` 0: it was never tried, `message` says why not; `output` is the end of
    what it printed; `file` has everything. `unable`: this machine lacks what the check is made with."""

    check: str
    kind: str
    passed: bool
    message: str
    tries: int = 1
    seconds: float = 0.0
    output: str = ""
    file: str | None = None
    unable: bool = False


@dataclass(frozen=True)
class Examination:
    """What was found out about one machine. `console_end` is the end of its console's output; `alarm` the
    line of the console that made it hopeless, "" where there was none; `boot_seconds` is from its launch to
    the first answer from its network, None where none came or nobody said when it was launched."""

    address: str
    evidence: tuple[Evidence, ...] = ()
    console_end: str = ""
    alarm: str = ""
    boot_seconds: float | None = None
    seconds: float = 0.0
    folder: str | None = None
