"""What may stand where a spec file is expected."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from extenci.spec.yaml.document import Document
from extenci.spec.yaml.load import load_document


def make_nothing(path: Path) -> None:
    assert not path.exists()


def make_link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def make_dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


def make_link_to_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def make_large_file(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"nonsense: [\n")
        file.truncate(10_000_000)


def fault_of(document: Document) -> str:
    (fault,) = document.faults
    assert document.top is None
    return fault.message


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (Path.mkdir, "is a folder, where a file is expected"),
        (os.mkfifo, "is a named pipe, where a file is expected"),
        (make_socket, "is a socket, where a file is expected"),
        (make_link_to_device, "is a device, where a file is expected"),
        (make_dangling_link, "does not exist, or is a link to something that does not exist"),
        (make_link_to_itself, "is a link that leads to itself"),
        (make_large_file, "is too large: 9.5 MiB, at most 1.0 MiB; split it into several files"),
        (make_nothing, "does not exist, or is a link to something that does not exist"),
    ],
)
def test_what_is_no_spec_file_is_refused_at_once(
    make: Callable[[Path], None], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("a.yaml")
    make(path)
    begin = time.monotonic()
    assert fault_of(load_document(path)) == expected
    assert time.monotonic() - begin < 0.5


def test_a_file_below_something_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert fault_of(load_document(tmp_path / "file" / "a.yaml")) == (
        "does not exist: a part of its path is not a folder"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.touch(mode=0)
    assert "may not be read by this user" in fault_of(load_document(path))


def test_a_file_that_never_ends_is_cut_off() -> None:
    # Regular, but of size 0 and full: what a size alone says is not to be trusted.
    assert "too large" in fault_of(load_document(Path("/proc/kallsyms")))


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfservice: sandbox\n")
    assert load_document(path).faults == ()
