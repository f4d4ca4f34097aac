"""Sources that are no raw disks, made into one: by qemu-img, or by the program that unpacks them.

No program is given a file's name, which could mean something else to it, nor asked to guess a format: it
gets the open file, and is told what is in it. Memory does not grow with the disk, and zeros become holes.
"""

from __future__ import annotations

import json
import os
import select
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NoReturn

from extenci.image.cache import LOOK_SECONDS, Watch, writing
from extenci.image.containers import LARGEST_BYTES, check_alone
from extenci.image.digest import ZERO_BLOCK
from extenci.image.formats import Container, Format, Packed, Unusable, foreign_format, refusal
from extenci.image.problems import shown
from extenci.image.programs import Child, find_program, running
from extenci.model.errors import DiskError
from extenci.model.version import BLOCK_BYTES

QEMU_IMG = "qemu-utils (RHEL: qemu-img)"
_CHECKED = ("qcow2", "vmdk", "vhdx", "vdi")
"""The formats that `qemu-img check` knows how to check (qemu-img(1)); of VHD, the conversion does it."""
_QEMU_MEMORY = 3 * 512 * 1024**2
"""Address space in bytes: images of 15 TiB need less than a third of it."""
_MOST_ANSWER = 1 << 20
"""Bytes that qemu-img may say of an image: room for thousands of snapshots."""
_LEAKS = 3
"""Its exit status where space in the image is lost, but no data."""
_FULL_WORDS = ("No space left", "quota exceeded", "File too large")


@dataclass(frozen=True)
class Work:
    """A source to convert: its path as given, its open file, and its size in bytes; and the open file that
    the disk is to be written to, which is empty."""

    path: Path | str
    source: int
    size: int
    target: int
    watch: Watch


def require_program(path: Path | str, found: Format) -> None:
    """DiskError where the program is missing that a source in a format needs."""
    match found.way:
        case Container():
            find_program("qemu-img", QEMU_IMG, path)
        case Packed(program, package):
            find_program(program[0], package, path)
        case Unusable():
            pass


def convert(work: Work, found: Format) -> None:
    """Write the disk that a source in a format holds; what was packed may be a disk image in its turn.

    DiskError where it cannot be done or must not; Interrupted. The target then holds anything.
    """
    match found.way:
        case Container(driver):
            check_alone(work.path, work.source, work.size, found)
            _convert_image(work, driver)
        case Packed() as packed:
            inner = _unpack(work, packed)
            if inner is not None:
                _convert_aside(work, inner)
        case Unusable():
            raise refusal(work.path, found)


def _convert_aside(work: Work, found: Format) -> None:
    """Convert the disk image in the target, which was packed: it moves to a file without a name first."""
    with writing(work.watch), tempfile.TemporaryFile(dir=work.watch.folder) as aside:
        size, offset = os.fstat(work.target).st_size, 0
        os.ftruncate(aside.fileno(), size)
        while piece := os.pread(work.target, BLOCK_BYTES, offset):
            if piece != ZERO_BLOCK:
                _write(aside.fileno(), memoryview(piece), offset)
            offset += len(piece)
            work.watch.look(aside.fileno())
        os.ftruncate(work.target, 0)
        convert(replace(work, source=aside.fileno(), size=size), found)


def _convert_image(work: Work, driver: str) -> None:
    qemu_img = find_program("qemu-img", QEMU_IMG, work.path)
    source = _blockdev(driver, work.source)
    size = _virtual_size(work, [qemu_img, "info", "--output=json", source])
    if driver in _CHECKED:
        _check_whole(work, [qemu_img, "check", source])
    with writing(work.watch):
        os.ftruncate(work.target, size)
    # Without locks of its own: the target is locked already, and on NFS both would be of one kind.
    target = json.dumps({"driver": "raw", "file": _file(work.target, locking="off")})
    # qemu-img converts up to eight pieces side by side; the target has its size, and holes are zeros.
    command = [qemu_img, "convert", "-n", "--target-is-zero", "-W", source, f"json:{target}"]
    with _qemu(work, command) as child:
        _finish(work, child)


def _blockdev(driver: str, descriptor: int) -> str:
    """How qemu-img is told of an open file: its format, and that it opens nothing else (QEMU QAPI reference,
    BlockdevOptions)."""
    options: dict[str, object] = {"driver": driver, "read-only": True, "file": _file(descriptor)}
    if driver in ("qcow2", "vmdk"):
        options["backing"] = None
    if driver == "vpc":
        # By default, images of some programs are cut to what their outdated geometry (CHS) says.
        options["force_size_calc"] = "current_size"
    return f"json:{json.dumps(options)}"


def _file(descriptor: int, **more: str) -> Mapping[str, str]:
    return {"driver": "file", "filename": f"/proc/self/fd/{descriptor}", **more}


def _qemu(work: Work, command: list[str], *, piped: bool = False) -> AbstractContextManager[Child]:
    return running(command, descriptors=(work.source, work.target), piped=piped, memory=_QEMU_MEMORY)


def _finish(work: Work, child: Child, *fine: int) -> int:
    """Wait until a program has ended; its exit status, which is 0 or `fine`. DiskError where it is not."""
    while (status := child.wait(LOOK_SECONDS)) is None:
        work.watch.look(work.target)
    if child.is_endless:
        raise _damaged(work, "more is wrong in it than can be told")
    if status not in (0, *fine):
        _fail(work, child, status)
    return status


def _answer(work: Work, command: list[str], *fine: int) -> dict[str, object]:
    """What qemu-img says of the source, as JSON."""
    with _qemu(work, command, piped=True) as child:
        answer = bytearray()
        while piece := _read(work, child, bytearray(BLOCK_BYTES)):
            answer += piece
            if len(answer) > _MOST_ANSWER:
                raise _damaged(work, f"qemu-img says more than {_MOST_ANSWER:,} bytes of what is in it")
        _finish(work, child, *fine)
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise _damaged(work, "what qemu-img says of it makes no sense")
    return said


def _virtual_size(work: Work, command: list[str]) -> int:
    size = _answer(work, command).get("virtual-size")
    if not isinstance(size, int) or size <= 0:
        raise DiskError(f"The disk {shown(work.path)} is empty: it has 0 bytes.")
    if size > LARGEST_BYTES:
        raise _too_large(work)
    return size


def _check_whole(work: Work, command: list[str]) -> None:
    """DiskError where an image refers to data behind its end: converted, it would have zeros there."""
    with _qemu(work, command) as child:
        _finish(work, child, _LEAKS)


def _unpack(work: Work, packed: Packed) -> Format | None:
    program = find_program(packed.program[0], packed.package, work.path)
    os.lseek(work.source, 0, os.SEEK_SET)
    with running([program, *packed.program[1:]], stdin=work.source, piped=True) as child:
        size = _write_sparse(work, child)
        _finish(work, child)
    if size == 0:
        raise DiskError(f"The disk {shown(work.path)} is empty: nothing was packed in it.")
    with writing(work.watch):
        os.ftruncate(work.target, size)
        return _packed_format(work, size)


def _write_sparse(work: Work, child: Child) -> int:
    """Write what a program puts out, but for blocks of zeros; how many bytes there were."""
    buffer, position = bytearray(BLOCK_BYTES), 0
    while piece := _read(work, child, buffer):
        if len(piece) < BLOCK_BYTES or buffer != ZERO_BLOCK:
            with writing(work.watch):
                _write(work.target, piece, position)
        if position == 0:
            _packed_format(work, len(piece))
        position += len(piece)
        if position > LARGEST_BYTES:
            raise _too_large(work)
        work.watch.look(work.target)
    return position


def _packed_format(work: Work, size: int) -> Format | None:
    """What was packed. DiskError at once where it is neither a raw disk nor a disk image."""
    with writing(work.watch):
        found = foreign_format(partial(os.pread, work.target), size)
    if found is None or isinstance(found.way, Container):
        return found
    raise DiskError(
        f"The file {shown(work.path)} holds no disk: what is packed in it is {found.name}.",
        "Unpack it, and name the disk that is in it.",
    )


def _read(work: Work, child: Child, buffer: bytearray) -> memoryview:
    """The next block of a program's output, shorter only at its end."""
    assert child.process.stdout is not None  # noqa: S101 - it was started with a pipe
    pipe, view, filled = child.process.stdout.fileno(), memoryview(buffer), 0
    while filled < len(buffer):
        if child.is_endless:
            break  # `_finish` ends it
        if not select.select([pipe], [], [], LOOK_SECONDS)[0]:
            work.watch.look(work.target)
            continue
        count = os.readv(pipe, [view[filled:]])
        if count == 0:
            break
        filled += count
    return view[:filled]


def _write(descriptor: int, piece: memoryview, offset: int) -> None:
    while piece:
        written = os.pwrite(descriptor, piece, offset)
        piece, offset = piece[written:], offset + written


def _fail(work: Work, child: Child, status: int) -> NoReturn:
    said = child.said()
    if any(words in said for words in _FULL_WORDS):
        raise work.watch.no_room()
    raise _damaged(work, said or f"exit status {status}")


def _damaged(work: Work, problem: str) -> DiskError:
    return DiskError(
        f"The disk {shown(work.path)} cannot be read: {problem}.",
        "The file may be damaged, cut off, or in use by a running virtual machine.",
    )


def _too_large(work: Work) -> DiskError:
    return DiskError(
        f"The disk {shown(work.path)} is too large: it would have more than {LARGEST_BYTES // 1024**4} TiB.",
        "No volume holds it.",
    )
