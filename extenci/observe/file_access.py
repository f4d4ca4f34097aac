"""Whether another user can read a file of this machine, by its mode and those of the folders above it."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

SEARCH, READ = 1, 4
"""Bits of a mode (inode(7)): to pass through a folder, and to read."""


@dataclass(frozen=True)
class Account:
    """A user. `uid` is None where this machine does not know it: in a chroot there may be other users."""

    name: str
    uid: int | None
    groups: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Access:
    """Whether a user can read a file or enter a folder: None where it cannot be told; `why` not, in words."""

    possible: bool | None
    why: str = ""


ALLOWED = Access(True)


def account_of(name: str) -> Account:
    """A user of this machine by name."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return Account(name, None)
    others = (group.gr_gid for group in grp.getgrall() if name in group.gr_mem)
    return Account(name, entry.pw_uid, frozenset({entry.pw_gid, *others}))


def can_read(path: Path, account: Account) -> Access:
    """Whether a user can read a file."""
    above = can_reach(path.parent, account)
    if above.possible is False:
        return above
    file = _judge(path, account, READ)
    return file if above.possible or file.possible is False else above


def can_reach(folder: Path, account: Account) -> Access:
    """Whether a user can open files of a folder whose names it knows."""
    unsure = ALLOWED
    for part in reversed((folder, *folder.parents)):
        access = _judge(part, account, SEARCH)
        if access.possible is False:
            return access
        unsure = unsure if access.possible else access
    return unsure


def _judge(path: Path, account: Account, bit: int) -> Access:
    try:
        status = path.stat()
    except FileNotFoundError:
        return Access(False, f"{path} does not exist")
    except OSError as error:
        return Access(None, f"{path} cannot be looked at: {error.strerror or error}")
    if bit == READ and not stat.S_ISREG(status.st_mode):
        return Access(False, f"{path} is not a file")
    allowed = _allows(path, status, account, bit)
    return ALLOWED if allowed else Access(allowed, f"{path} is closed to {account.name}")


def _allows(path: Path, status: os.stat_result, account: Account, bit: int) -> bool | None:
    if account.uid == os.geteuid():
        return os.access(path, os.R_OK if bit == READ else os.X_OK, effective_ids=True)
    if account.uid is None:
        by_others = bool(status.st_mode & bit)
        return True if by_others else (False if status.st_uid == 0 else None)
    if _bits(status, account) & bit:
        return True
    return None if _has_list(path) else False


def _bits(status: os.stat_result, account: Account) -> int:
    if account.uid == 0:
        return READ | SEARCH
    if status.st_uid == account.uid:
        return status.st_mode >> 6
    return status.st_mode >> 3 if status.st_gid in account.groups else status.st_mode


def _has_list(path: Path) -> bool:
    """Whether an access control list (acl(5)) may say otherwise."""
    try:
        return bool(os.getxattr(path, "system.posix_acl_access"))
    except OSError:
        return False
