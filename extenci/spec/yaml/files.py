"""Reading files that anyone may have put there: bounded, and never waiting."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from extenci.spec.yaml.document import Mark, Unreadable

LARGEST_FILE = 1 << 20
"""Bytes of the largest YAML file that is read: about 10,000 instance groups, which take some seconds."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

_REASONS = {
    errno.ENOENT: "does not exist, or is a link to something that does not exist",
    errno.EACCES: "may not be read by this user; check its permissions and those of its folder",
    errno.EPERM: "may not be read by this user; check its permissions and those of its folder",
    errno.ELOOP: "is a link that leads to itself",
    errno.ENOTDIR: "does not exist: a part of its path is not a folder",
    errno.ENAMETOOLONG: "has a name that is too long",
}


def read_bytes(path: str | Path, limit: int, *, follow: bool = True, advice: str = "") -> bytes:
    """The bytes of a regular file of at most `limit` bytes; Unreadable says why not. `advice` is what to do
    about a file that is too large.

    A pipe, device or socket is not opened, or not waited for if it took a file's place meanwhile.
    """
    content, size = _read(path, limit + 1, follow=follow)
    if max(size, len(content)) > limit:
        raise Unreadable(
            f"is too large: {_in_words(max(size, limit + 1))}, at most {_in_words(limit)}{advice}"
        )
    return content


def read_beginning(path: Path) -> str:
    """The text at the beginning of a file, however long it is and whatever bytes are in it; Unreadable where
    it cannot be opened."""
    content, _ = _read(path, LARGEST_FILE)
    return content.decode("utf-16" if content.startswith(_UTF16) else "utf-8-sig", "replace")


def _read(path: str | Path, most: int, *, follow: bool = True) -> tuple[bytes, int]:
    """Up to `most` bytes of a regular file, and its size."""
    try:
        _require_regular(Path(path).stat(follow_symlinks=follow))
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
        descriptor = os.open(path, flags if follow else flags | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            state = os.fstat(file.fileno())
            _require_regular(state)
            return file.read(most), state.st_size
    except OSError as error:
        raise Unreadable(_REASONS.get(error.errno or 0, f"cannot be read: {error.strerror}")) from None


def _require_regular(state: os.stat_result) -> None:
    if not stat.S_ISREG(state.st_mode):
        kind = _KINDS.get(stat.S_IFMT(state.st_mode), "not a file")
        raise Unreadable(f"is {kind}, where a file is expected")


def _in_words(size: int) -> str:
    return f"{size / (1 << 20):.1f} MiB" if size >= 1 << 20 else f"{size} bytes"


def read_text(path: str | Path) -> str:
    """The text of a YAML file, which must be UTF-8 (a byte order mark is passed over)."""
    content = read_bytes(path, LARGEST_FILE, advice="; split it into several files")
    if content.startswith((*_UTF16, b"\x00\x00\xfe\xff")) or b"\x00" in content[:4]:
        raise Unreadable("is UTF-16 or UTF-32 text; save it as UTF-8", Mark(1, 1))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        raise Unreadable("is not UTF-8 text from here on; save the file as UTF-8", end_mark(before)) from None


def end_mark(text: str) -> Mark:
    """The place just after a text."""
    line = text.count("\n")
    return Mark(line + 1, len(text) - (text.rfind("\n") + 1) + 1)


def absolute(folder: Path, path: str) -> str:
    """A path of a file in `folder` as an absolute one; `~` expanded, links on the way followed, but not
    what it names."""
    joined = os.path.join(folder, os.path.expanduser(path))  # noqa: PTH111, PTH118 - text in, text out
    head, tail = os.path.split(joined)
    if tail in ("", ".", ".."):
        return os.path.realpath(joined)
    return os.path.join(os.path.realpath(head), tail)  # noqa: PTH118
