"""Converts sources in other formats into raw disks, by qemu-img or a program that decompresses them.

No program gets a file's name, which could mean something else to it, or has to guess a format: it gets the
open file, and is told its format. Memory does not grow with the disk, and zeros become holes.
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

from extenci.image.cache import LOOK_SECONDS, WriteMonitor, write_errors
from extenci.image.containers import LARGEST_BYTES, check_complete, check_self_contained
from extenci.image.digest import ZERO_BLOCK
from extenci.image.formats import Container, Format, Packed, Unusable, refusal
from extenci.image.problems import shown
from extenci.image.programs import RunningProgram, find_program, run_program
from extenci.image.recognition import foreign_format
from extenci.model.errors import DiskError
from extenci.model.version import BLOCK_BYTES

QEMU_IMG = "qemu-utils (RHEL: qemu-img)"
_CHECKED = ("qcow2", "vmdk", "vhdx", "vdi")
"""The formats that `qemu-img check` supports (qemu-img(1)); VHD images are checked by their conversion."""
_QEMU_MEMORY = 3 * 512 * 1024**2
"""Address space in bytes: images of 15 TiB need less than a third of it."""
_MOST_ANSWER = 1 << 20
"""Bytes that `qemu-img info` may print about an image: enough for thousands of snapshots."""
_LEAKS = 3
"""The exit status of `qemu-img check` if space in the image is lost, but no data."""
_FULL_WORDS = ("No space left", "quota exceeded", "File too large")


@dataclass(frozen=True)
class Conversion:
    """A source to convert: its path as given, its open file and its size in bytes; and the open, empty file
    that the disk is written to."""

    path: Path | str
    source: int
    size: int
    target: int
    monitor: WriteMonitor


def require_program(path: Path | str, found: Format) -> None:
    """DiskError if the program that a format needs is not installed."""
    match found.way:
        case Container():
            find_program("qemu-img", QEMU_IMG, path)
        case Packed(program, package):
            find_program(program[0], package, path)
        case Unusable():
            pass


def convert(conversion: Conversion, found: Format) -> None:
    """Write the disk that a source holds. A compressed source may hold a disk image in its turn.

    DiskError if it cannot or must not be converted; Interrupted. The target's content is then undefined.
    """
    match found.way:
        case Container(driver):
            check_self_contained(conversion.path, conversion.source, conversion.size, found)
            _convert_image(conversion, driver, found)
        case Packed() as packed:
            inner = _decompress(conversion, packed)
            if inner is not None:
                _convert_aside(conversion, inner)
        case Unusable():
            raise refusal(conversion.path, found)


def _convert_aside(conversion: Conversion, found: Format) -> None:
    """Convert the disk image that was decompressed into the target, after copying it to an unnamed file."""
    with write_errors(conversion.monitor), tempfile.TemporaryFile(dir=conversion.monitor.folder) as aside:
        size, offset = os.fstat(conversion.target).st_size, 0
        os.ftruncate(aside.fileno(), size)
        while piece := os.pread(conversion.target, BLOCK_BYTES, offset):
            if piece != ZERO_BLOCK:
                _write(aside.fileno(), memoryview(piece), offset)
            offset += len(piece)
            conversion.monitor.check(aside.fileno())
        os.ftruncate(conversion.target, 0)
        convert(replace(conversion, source=aside.fileno(), size=size), found)


def _convert_image(conversion: Conversion, driver: str, found: Format) -> None:
    qemu_img = find_program("qemu-img", QEMU_IMG, conversion.path)
    source = _blockdev(driver, conversion.source)
    size = _virtual_size(conversion, [qemu_img, "info", "--output=json", source])
    if driver in _CHECKED:
        _check_whole(conversion, [qemu_img, "check", source])
    check_complete(conversion.path, conversion.source, conversion.size, found)
    with write_errors(conversion.monitor):
        os.ftruncate(conversion.target, size)
    # Without qemu's locks: the target is locked already, and on NFS the two kinds of lock would conflict.
    target = json.dumps({"driver": "raw", "file": _file(conversion.target, locking="off")})
    # -W: pieces are written in parallel, in any order. The target has its size, and its holes are zeros.
    command = [qemu_img, "convert", "-n", "--target-is-zero", "-W", source, f"json:{target}"]
    with _qemu(conversion, command) as program:
        _finish(conversion, program)


def _blockdev(driver: str, descriptor: int) -> str:
    """How qemu-img opens a descriptor: in the given format, and with no other file (QEMU QAPI reference,
    BlockdevOptions)."""
    options: dict[str, object] = {"driver": driver, "read-only": True, "file": _file(descriptor)}
    if driver in ("qcow2", "vmdk"):
        options["backing"] = None
    if driver == "vpc":
        # By default, images of some programs are cut to the size of their outdated geometry (CHS).
        options["force_size_calc"] = "current_size"
    return f"json:{json.dumps(options)}"


def _file(descriptor: int, **more: str) -> Mapping[str, str]:
    return {"driver": "file", "filename": f"/proc/self/fd/{descriptor}", **more}


def _qemu(
    conversion: Conversion, command: list[str], *, piped: bool = False
) -> AbstractContextManager[RunningProgram]:
    return run_program(
        command, descriptors=(conversion.source, conversion.target), piped=piped, memory=_QEMU_MEMORY
    )


def _finish(conversion: Conversion, program: RunningProgram, *fine: int) -> int:
    """Wait until a program ends; its exit status. DiskError unless that is 0 or one of `fine`."""
    while (status := program.wait(LOOK_SECONDS)) is None:
        conversion.monitor.check(conversion.target)
    if program.says_too_much:
        raise _damaged(conversion, "too many errors were found in it")
    if status not in (0, *fine):
        _fail(conversion, program, status)
    return status


def _answer(conversion: Conversion, command: list[str], *fine: int) -> dict[str, object]:
    """The facts that qemu-img prints about the source, as JSON."""
    with _qemu(conversion, command, piped=True) as program:
        answer = bytearray()
        while piece := _read(conversion, program, bytearray(BLOCK_BYTES)):
            answer += piece
            if len(answer) > _MOST_ANSWER:
                raise _damaged(conversion, f"qemu-img prints more than {_MOST_ANSWER:,} bytes about it")
        _finish(conversion, program, *fine)
    try:
        parsed = json.loads(answer)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise _damaged(conversion, "qemu-img's output about it is not understood")
    return parsed


def _virtual_size(conversion: Conversion, command: list[str]) -> int:
    size = _answer(conversion, command).get("virtual-size")
    if not isinstance(size, int) or size <= 0:
        raise DiskError(f"The disk {shown(conversion.path)} is empty: it has 0 bytes.")
    if size > LARGEST_BYTES:
        raise _too_large(conversion)
    return size


def _check_whole(conversion: Conversion, command: list[str]) -> None:
    """DiskError if an image refers to data behind its end, where its conversion would have zeros."""
    with _qemu(conversion, command) as program:
        _finish(conversion, program, _LEAKS)


def _decompress(conversion: Conversion, packed: Packed) -> Format | None:
    path = find_program(packed.program[0], packed.package, conversion.path)
    os.lseek(conversion.source, 0, os.SEEK_SET)
    with run_program([path, *packed.program[1:]], stdin=conversion.source, piped=True) as program:
        size = _write_sparse(conversion, program)
        _finish(conversion, program)
    if size == 0:
        raise DiskError(f"The disk {shown(conversion.path)} is empty: it decompresses to 0 bytes.")
    with write_errors(conversion.monitor):
        os.ftruncate(conversion.target, size)
        return _decompressed_format(conversion, size)


def _write_sparse(conversion: Conversion, program: RunningProgram) -> int:
    """Write a program's output, except blocks of zeros; the number of bytes of the output."""
    buffer, position = bytearray(BLOCK_BYTES), 0
    while piece := _read(conversion, program, buffer):
        if len(piece) < BLOCK_BYTES or buffer != ZERO_BLOCK:
            with write_errors(conversion.monitor):
                _write(conversion.target, piece, position)
        if position == 0:
            _decompressed_format(conversion, len(piece))
        position += len(piece)
        if position > LARGEST_BYTES:
            raise _too_large(conversion)
        conversion.monitor.check(conversion.target)
    return position


def _decompressed_format(conversion: Conversion, size: int) -> Format | None:
    """The format of the decompressed file, None for a raw disk. DiskError if it is no disk."""
    with write_errors(conversion.monitor):
        found = foreign_format(partial(os.pread, conversion.target), size)
    if found is None or isinstance(found.way, Container):
        return found
    raise DiskError(
        f"The file {shown(conversion.path)} does not hold a disk: its decompressed content is {found.name}.",
        "Unpack it, and give the path of the disk in it.",
    )


def _read(conversion: Conversion, program: RunningProgram, buffer: bytearray) -> memoryview:
    """The next block of a program's output, shorter only at its end."""
    assert program.process.stdout is not None  # noqa: S101 - it was started with a pipe
    pipe, view, filled = program.process.stdout.fileno(), memoryview(buffer), 0
    while filled < len(buffer):
        if program.says_too_much:
            break  # `_finish` ends it
        if not select.select([pipe], [], [], LOOK_SECONDS)[0]:
            conversion.monitor.check(conversion.target)
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


def _fail(conversion: Conversion, program: RunningProgram, status: int) -> NoReturn:
    text = program.last_error()
    if any(words in text for words in _FULL_WORDS):
        raise conversion.monitor.no_space()
    raise _damaged(conversion, text or f"exit status {status}")


def _damaged(conversion: Conversion, problem: str) -> DiskError:
    return DiskError(
        f"The disk {shown(conversion.path)} cannot be read: {problem}.",
        "The file may be damaged, cut off, or in use by a running virtual machine.",
    )


def _too_large(conversion: Conversion) -> DiskError:
    return DiskError(
        f"The disk {shown(conversion.path)} is larger than {LARGEST_BYTES // 1024**4} TiB.",
        "No volume is large enough for it.",
    )
