"""How a version is tried: checks, the block that asks for them, and the hash that verdicts belong to.

The kinds of checks are in `extenci.verify.checks`, one file each. This file has what they have in common, and
nothing more is known to planning and reporting.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import ClassVar, Self

from extenci.model.abilities import Ability
from extenci.model.launch import Launch, LaunchSettings

HASH_FORMAT = 1
"""Changes where the same block must count as another one."""

KEY_PAIR_PREFIX = "extenci-test-"
"""How the names of test VMs' own key pairs begin. `extenci gc` removes those that were left behind."""

Forwards = Mapping[int, int]
"""Where ports of a machine are reached, for those that are reached elsewhere: the sandbox moves ports that a
user may not listen at."""


@dataclass(frozen=True)
class Check(ABC):
    """Something that must be true of a test VM.

    `timeout` is how long one try may take, in seconds (None: until the block's time is up), and `retries` how
    often a failed try is repeated (None: until the block's time is up).
    """

    kind: ClassVar[str]
    """The key that names the check in a spec, such as tcp."""
    needs_machine: ClassVar[bool] = True
    """Whether it asks for a machine that has booted; a simulated one has not."""
    uses_network: ClassVar[bool] = True
    """Whether it passes only where the machine answers from its network."""
    answers_soon: ClassVar[bool] = False
    """Whether what it asks is answered within seconds, or never."""
    ability: ClassVar[Ability | None] = None
    """The ability that the service needs for it."""

    timeout: int | None = field(default=None, kw_only=True)
    retries: int | None = field(default=None, kw_only=True)

    @property
    @abstractmethod
    def label(self) -> str:
        """The check in a few words."""

    @property
    def files(self) -> tuple[str, ...]:
        """Absolute paths of local files and folders whose contents belong to the check. Not all exist."""
        return ()

    def relative_to(self, root: str) -> Self:
        """The same check with its paths relative to the spec root, so that it is equal in every checkout."""
        del root
        return self

    def at_forwards(self, forwards: Forwards) -> Self:
        """The same check of the port at which the machine's port is reached."""
        del forwards
        return self


@dataclass(frozen=True)
class LoginCheck(Check):
    """A check that logs in through SSH. `user` None: the one that ssh itself chooses; `key` (an absolute
    path) None: a temporary key pair of the test VM."""

    user: str | None = field(default=None, kw_only=True)
    key: str | None = field(default=None, kw_only=True)
    port: int = field(default=22, kw_only=True)

    def relative_to(self, root: str) -> Self:
        """Of a key outside of the spec root (`~/.ssh/id_ed25519`), only the name counts."""
        if self.key is None:
            return self
        inside = relative_path(self.key, root)
        return replace(self, key=posixpath.basename(self.key) if inside == self.key else inside)

    def at_forwards(self, forwards: Forwards) -> Self:
        """The SSH server's port, where it is reached."""
        return replace(self, port=forwards.get(self.port, self.port))


class Reach(StrEnum):
    """Which of its addresses a test VM is checked at."""

    PUBLIC = "public"
    PRIVATE = "private"


@dataclass(frozen=True)
class Verify:
    """A verify block: how a version is tried. `settings` have the service's defaults for test VMs in them.
    `timeout` and `confirm_within` are in seconds; the first covers launch and checks together. `root` is the
    spec root. `aside`: somebody tries the version in another way than its block says, which decides nothing
    about it."""

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


def needs_login(verify: Verify) -> bool:
    """Whether the test VM needs a temporary key pair: a check logs in without a key of its own, or a person
    will want to."""
    return verify.confirm or any(
        check.key is None for check in verify.checks if isinstance(check, LoginCheck)
    )


def name_files(verify: Verify) -> tuple[str, ...]:
    """The absolute paths below the spec root that checks name and whose contents belong to the block. Not all
    of them need exist; some may be folders."""
    found = dict.fromkeys(path for check in verify.checks for path in check.files)
    return tuple(path for path in found if path.startswith(f"{verify.root}/"))


def hash_verify(verify: Verify, files: Mapping[str, str]) -> str:
    """16 hexadecimal digits that tell one block from another. `files` has the SHA-256 of each file that the
    block names, by its absolute path.

    The hash is the same on every machine that has the specs: paths count relative to the spec root.
    """
    root = verify.root
    checks = [{"kind": check.kind, **asdict(check.relative_to(root))} for check in verify.checks]
    block = {**asdict(verify), "root": "", "checks": checks}
    if not verify.aside:
        del block["aside"]  # no part of a block
    content = {
        "format": HASH_FORMAT,
        "block": block,
        "files": sorted((relative_path(path, root), digest) for path, digest in files.items()),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def relative_path(path: str, root: str) -> str:
    """A path below a folder as `./…`, the folder itself as `.`, and any other path as it is."""
    if path == root:
        return "."
    return f"./{posixpath.relpath(path, root)}" if root and path.startswith(f"{root}/") else path


def shorten_path(path: str, folder: str) -> str:
    """A path for people: relative to the folder where it lies below it."""
    return posixpath.relpath(path, folder) if path.startswith(f"{folder}/") else path
