"""Files that specs name: user data and disks, which are sent to a service, and private keys of checks.

A spec repository may be anyone's. So such a file must be the repository's own: inside the root with all links
followed, and not hidden (`.git/config` can hold a token).
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from extenci.spec.words import printable
from extenci.spec.yaml.files import absolute


@dataclass(frozen=True)
class AllowedPaths:
    """What specs may name outside of their root, with all links followed: folders of disks, and private keys
    or folders of them."""

    sources: tuple[Path, ...] = ()
    keys: tuple[Path, ...] = ()


NOTHING_ALLOWED = AllowedPaths()


def leads_out(real: Path, root: Path) -> bool:
    """Whether a path, with all links followed, is outside of a root."""
    return not real.is_relative_to(root)


def is_hidden(real: Path, root: Path) -> bool:
    """Whether a path below a root leads to a hidden file, or into a hidden folder."""
    return any(part.startswith(".") for part in real.relative_to(root).parts)


def find_own_file(root: Path, folder: Path, path: str, place: str) -> tuple[Path, str]:
    """The file that a file in `folder` names, with all links followed, and what forbids it, or ''. `place`
    names `root` in messages."""
    real = Path(os.path.realpath(absolute(folder, path)))
    if leads_out(real, root):
        return real, f"leads out of {place}"
    if is_hidden(real, root):
        return real, "leads to a hidden file or folder, where secrets of the repository may be"
    return real, ""


def find_source(root: Path, folder: Path, path: str, allowed: Iterable[Path]) -> tuple[Path, str]:
    """A disk as `find_own_file` finds it. It may also be in a folder that this user allows (`allowed`, with
    all links followed)."""
    real, fault = _find_allowed_file(root, folder, path, allowed)
    if not fault:
        return real, ""
    command = printable(shlex.join(["extenci", "trust", "--sources", str(real.parent)]))
    return real, f"{fault}; move the disk, or allow its folder with `{command}`"


def find_key_fault(root: Path, folder: Path, path: str, allowed: Iterable[Path]) -> str:
    """What forbids a private key that a check names, or ''. Like a disk, it is the root's own, or one that
    this user allows, alone or with its folder."""
    real, fault = _find_allowed_file(root, folder, path, allowed)
    if not fault:
        return ""
    command = printable(shlex.join(["extenci", "trust", "--keys", str(real)]))
    return f"{fault}; if the specs may log in with it, allow it with `{command}`"


def _find_allowed_file(root: Path, folder: Path, path: str, allowed: Iterable[Path]) -> tuple[Path, str]:
    real, fault = find_own_file(root, folder, path, "the spec root")
    if not fault or any(not leads_out(real, one) for one in allowed):
        return real, ""
    where = f", to {printable(str(real))}" if leads_out(real, root) else ""
    return real, f"{fault}{where}"
