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

from extenci.image.cache import LOOK_SECONDS, WriteMonitor, write_errors
from extenci.image.containers import LARGEST_BYTES, check_self_contained
from extenci.image.digest import ZERO_BLOCK
from extenci.image.formats import Container, Format, Packed, Unusable, foreign_format, refusal
from extenci.image.problems import shown
from extenci.image.programs import RunningProgram, find_program, run_program
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
class Conversion:
    """A source to convert: its path as given, its open file, and its size in bytes; and the open file that
    the disk is to be written to, which is empty."""

    path: Path | str
    source: int
    size: int
    target: int
    monitor: WriteMonitor


def require_program(path: Path | str, found: Format) -> None:
    """DiskError where the program is missing that a source in a format needs."""
    match found.way:
        case Container():
            find_program("qemu-img", QEMU_IMG, path)
        case Packed(program, package):
            find_program(program[0], package, path)
        case Unusable():
            pass


def convert(conversion: Conversion, found: Format) -> None:
    """Write the disk that a source in a format holds; what was packed may be a disk image in its turn.

    DiskError where it cannot be done or must not; Interrupted. The target then holds anything.
    """
    match found.way:
        case Container(driver):
            check_self_contained(conversion.path, conversion.source, conversion.size, found)
            _convert_image(conversion, driver)
        case Packed() as packed:
            inner = _unpack(conversion, packed)
            if inner is not None:
                _convert_aside(conversion, inner)
        case Unusable():
            raise refusal(conversion.path, found)


def _convert_aside(conversion: Conversion, found: Format) -> None:
    """Convert the disk image in the target, which was packed: it moves to a file without a name first."""
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


def _convert_image(conversion: Conversion, driver: str) -> None:
    qemu_img = find_program("qemu-img", QEMU_IMG, conversion.path)
    source = _blockdev(driver, conversion.source)
    size = _virtual_size(conversion, [qemu_img, "info", "--output=json", source])
    if driver in _CHECKED:
        _check_whole(conversion, [qemu_img, "check", source])
    with write_errors(conversion.monitor):
        os.ftruncate(conversion.target, size)
    # Without locks of its own: the target is locked already, and on NFS both would be of one kind.
    target = json.dumps({"driver": "raw", "file": _file(conversion.target, locking="off")})
    # qemu-img converts up to eight pieces side by side; the target has its size, and holes are zeros.
    command = [qemu_img, "convert", "-n", "--target-is-zero", "-W", source, f"json:{target}"]
    with _qemu(conversion, command) as program:
        _finish(conversion, program)


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


def _qemu(
    conversion: Conversion, command: list[str], *, piped: bool = False
) -> AbstractContextManager[RunningProgram]:
    return run_program(
        command, descriptors=(conversion.source, conversion.target), piped=piped, memory=_QEMU_MEMORY
    )


def _finish(conversion: Conversion, program: RunningProgram, *fine: int) -> int:
    """Wait until a program has ended; its exit status, which is 0 or `fine`. DiskError where it is not."""
    while (status := program.wait(LOOK_SECONDS)) is None:
        conversion.monitor.check(conversion.target)
    if program.says_too_much:
        raise _damaged(conversion, "more is wrong in it than can be told")
    if status not in (0, *fine):
        _fail(conversion, program, status)
    return status


def _answer(conversion: Conversion, command: list[str], *fine: int) -> dict[str, object]:
    """What qemu-img says of the source, as JSON."""
    with _qemu(conversion, command, piped=True) as program:
        answer = bytearray()
        while piece := _read(conversion, program, bytearray(BLOCK_BYTES)):
            answer += piece
            if len(answer) > _MOST_ANSWER:
                raise _damaged(conversion, f"qemu-img says more than {_MOST_ANSWER:,} bytes of what is in it")
        _finish(conversion, program, *fine)
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise _damaged(conversion, "what qemu-img says of it makes no sense")
    return said


def _virtual_size(conversion: Conversion, command: list[str]) -> int:
    size = _answer(conversion, command).get("virtual-size")
    if not isinstance(size, int) or size <= 0:
        raise DiskError(f"The disk {shown(conversion.path)} is empty: it has 0 bytes.")
    if size > LARGEST_BYTES:
        raise _too_large(conversion)
    return size


def _check_whole(conversion: Conversion, command: list[str]) -> None:
    """DiskError where an image refers to data behind its end: converted, it would have zeros there."""
    with _qemu(conversion, command) as program:
        _finish(conversion, program, _LEAKS)


def _unpack(conversion: Conversion, packed: Packed) -> Format | None:
    path = find_program(packed.program[0], packed.package, conversion.path)
    os.lseek(conversion.source, 0, os.SEEK_SET)
    with run_program([path, *packed.program[1:]], stdin=conversion.source, piped=True) as program:
        size = _write_sparse(conversion, program)
        _finish(conversion, program)
    if size == 0:
        raise DiskError(f"The disk {shown(conversion.path)} is empty: nothing was packed in it.")
    with write_errors(conversion.monitor):
        os.ftruncate(conversion.target, size)
        return _packed_format(conversion, size)


def _write_sparse(conversion: Conversion, program: RunningProgram) -> int:
    """Write what a program puts out, but for blocks of zeros; how many bytes there were."""
    buffer, position = bytearray(BLOCK_BYTES), 0
    while piece := _read(conversion, program, buffer):
        if len(piece) < BLOCK_BYTES or buffer != ZERO_BLOCK:
            with write_errors(conversion.monitor):
                _write(conversion.target, piece, position)
        if position == 0:
            _packed_format(conversion, len(piece))
        position += len(piece)
        if position > LARGEST_BYTES:
            raise _too_large(conversion)
        conversion.monitor.check(conversion.target)
    return position


def _packed_format(conversion: Conversion, size: int) -> Format | None:
    """What was packed. DiskError at once where it is neither a raw disk nor a disk image."""
    with write_errors(conversion.monitor):
        found = foreign_format(partial(os.pread, conversion.target), size)
    if found is None or isinstance(found.way, Container):
        return found
    raise DiskError(
        f"The file {shown(conversion.path)} holds no disk: what is packed in it is {found.name}.",
        "Unpack it, and name the disk that is in it.",
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
    said = program.said()
    if any(words in said for words in _FULL_WORDS):
        raise conversion.monitor.no_space()
    raise _damaged(conversion, said or f"exit status {status}")


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
