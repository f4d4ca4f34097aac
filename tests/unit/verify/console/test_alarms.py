"""What a console says that leaves no hope."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extenci.verify.console.alarms import clean, end_of, find_alarm

HOPELESS = [
    "[    0.98] Kernel panic - not syncing: No working init found.",
    'You are in emergency mode. After logging in, type "journalctl -xb" to view',
    "You are in rescue mode. After logging in, type",
    "Give root password for maintenance",
    "Press Enter for maintenance",
    "(initramfs) ",
    "dracut:/# ",
    "Entering emergency mode. Exit the shell to continue.",
    "grub rescue> ",
    "No bootable device.",
    "BdsDxe: No bootable option or device was found.",
    "Operating System not found",
]

HARMLESS = [
    "Loading initial ramdisk ...",
    "update-initramfs: Generating /boot/initrd.img-6.1 (initramfs)",
    "dracut: Mounted root filesystem /dev/vda1",
    "[  OK  ] Stopped target Emergency Mode.",
    "Welcome to GRUB!",
    "kernel.panic = 10",
    "worker login: ",
]


@pytest.mark.parametrize("line", HOPELESS)
def test_a_line_without_hope_is_found_wherever_it_stands(line: str) -> None:
    for console in (line, f"boot\r\n\x1b[1;31m{line}\x1b[0m\r\nmore\r\n", f"\x1bc\x1b[?7l\x1b[2J{line}\n"):
        assert find_alarm(clean(console)) == line.strip()


@pytest.mark.parametrize("line", HARMLESS)
def test_an_ordinary_boot_gives_no_alarm(line: str) -> None:
    assert find_alarm(clean(f"{line}\r\n{line}")) == ""


def test_cleaned_text_has_no_colours_and_plain_line_ends() -> None:
    assert (
        clean("\x1b[32m  OK  \x1b[0m up\r\nnext\rover\x07\x00\n\x1b]0;title\x07x")
        == "  OK   up\nnext\nover\nx"
    )


@given(st.text(alphabet="\x1b[]0;mA\r\n\x07\x9b()é"))
def test_nothing_that_moves_a_cursor_survives(text: str) -> None:
    assert not set(clean(text)) & {"\x1b", "\r", "\x07"}


def test_looking_at_a_whole_console_is_quick() -> None:
    began = time.process_time()
    for text in (
        "\x1b[" * 400_000,
        "\x1b]" * 400_000,
        "a" * 1_000_000,
        "(initramfs" * 100_000,
        " " * 900_000,
    ):
        find_alarm(clean(text))
    assert time.process_time() - began < 3


def test_the_end_of_a_console_is_its_last_lines() -> None:
    text = "".join(f"line {number}\n\n" for number in range(100))
    assert end_of(text, lines=2) == "line 98\nline 99"
    assert end_of("x" * 9000) == "x" * 2000
    assert end_of("") == ""


def test_the_end_of_a_console_has_no_host_keys() -> None:
    keys = "".join(f"ec2: ssh-rsa {'A' * 300} root@{number}\n" for number in range(9))
    text = f"up\n-----BEGIN SSH HOST KEY KEYS-----\n{keys}-----END SSH HOST KEY KEYS-----\nlogin:"
    assert end_of(text) == "up\nlogin:"
    assert end_of(f"up\n<14>ec2: -----BEGIN SSH HOST KEY FINGERPRINTS-----\n{keys}") == "up"
