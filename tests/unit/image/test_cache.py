from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pytest

from extenci.image.cache import WriteMonitor, create_once, note_use, write_errors
from extenci.model.errors import DiskError, Interrupted


def make(target: Path, made: list[str], content: bytes = b"x") -> None:
    with create_once(target, Event()) as partial:
        if partial is None:
            made.append("waited")
            return
        time.sleep(0.1)
        os.write(partial.descriptor, content)
        partial.keep()
        made.append("made")


def test_of_several_threads_one_makes_a_file_and_the_others_wait_for_it(tmp_path: Path) -> None:
    made: list[str] = []
    threads = [threading.Thread(target=make, args=(tmp_path / "a" / "b", made)) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(made) == ["made", "waited", "waited", "waited"]
    assert [one.name for one in (tmp_path / "a").iterdir()] == ["b"]
    assert (tmp_path / "a" / "b").read_bytes() == b"x"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700


def hold(target: Path) -> None:
    with create_once(target, Event()) as partial:
        assert partial is not None
        os.write(partial.descriptor, b"half")
        time.sleep(60)


def killed_maker(target: Path) -> None:
    """A process that is killed while it makes a file."""
    process = multiprocessing.get_context("spawn").Process(target=hold, args=(target,))
    process.start()
    partial = target.with_name(f"{target.name}.partial")
    while not (partial.exists() and partial.stat().st_size):
        time.sleep(0.01)
    stopped = Event()
    stopped.set()
    with pytest.raises(Interrupted), create_once(target, stopped):
        pass  # it waits for the other process, and is stopped
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def test_another_process_that_is_killed_holds_nobody_up(tmp_path: Path) -> None:
    killed_maker(tmp_path / "file")
    with create_once(tmp_path / "file", Event()) as partial:
        assert partial is not None
        assert os.pread(partial.descriptor, 10, 0) == b"half"


@pytest.mark.parametrize(
    ("resumable", "content", "left"), [(False, b"x", 0), (True, b"x", 1), (True, b"", 0)]
)
def test_what_is_not_kept_stays_only_where_it_can_be_gone_on_with(
    tmp_path: Path, resumable: bool, content: bytes, left: int
) -> None:
    with create_once(tmp_path / "f", Event(), resumable=resumable) as partial:
        assert partial is not None
        os.write(partial.descriptor, content)
    assert len(list(tmp_path.iterdir())) == left


def test_a_use_is_noted_in_the_access_time_alone(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.touch()
    os.utime(file, (1000, 2000))
    note_use(file)
    assert file.stat().st_mtime == 2000
    assert file.stat().st_atime > time.time() - 60


def test_a_folder_that_cannot_be_made_is_told_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DiskError) as caught, create_once(tmp_path / "file" / "x" / "y", Event()):
        pass
    assert "EXTENCI_HOME" in caught.value.hint


def test_a_full_disk_is_told_with_the_folder_and_the_way_out(tmp_path: Path) -> None:
    monitor = WriteMonitor(tmp_path, "Converting x", Event())
    with pytest.raises(DiskError) as asked:
        monitor.require_space(1 << 60)
    with pytest.raises(DiskError) as written, write_errors(monitor), Path("/dev/full").open("wb", 0) as full:
        full.write(b"x")
    for error in (asked.value, written.value):
        assert error.message == f"Converting x was given up: too little space is free in {tmp_path}."
        assert "EXTENCI_HOME" in error.hint


def test_a_file_system_is_not_filled_to_the_last_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, free = [100.0], [100]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(
        os, "statvfs", lambda _path: SimpleNamespace(f_blocks=1000, f_frsize=1 << 20, f_bavail=free[0])
    )
    monitor = WriteMonitor(tmp_path, "Converting x", Event())
    with (tmp_path / "f").open("wb") as file:
        for left, seconds in ((100, 1), (51, 1), (49, 0)):
            now[0] += seconds
            free[0] = left
            monitor.check(file.fileno())
        now[0] += 1
        with pytest.raises(DiskError, match="too little space"):
            monitor.check(file.fileno())


def test_progress_is_told_every_ten_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, told = [100.0], list[str]()
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monitor = WriteMonitor(tmp_path, "Converting x", Event(), told.append)
    (tmp_path / "f").write_bytes(bytes(1 << 20))
    descriptor = os.open(tmp_path / "f", os.O_RDONLY)
    look: Callable[[], None] = lambda: monitor.check(descriptor)  # noqa: E731
    look()
    now[0] += 11
    look()
    monitor.total = 5 << 20
    now[0] += 11
    look()
    look()
    os.close(descriptor)
    assert told == ["Converting x: 1 MiB so far", "Converting x: 1 of 5 MiB so far"]
