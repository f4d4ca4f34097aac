"""The commands under the names of the 2011 tools, each of which was a program of its own."""

from __future__ import annotations

import sys

from extenci.cli.main import main


def stage() -> None:
    """`extenci-stage`: the command `extenci stage`."""
    run_as("stage")


def test_vm() -> None:
    """`extenci-test-vm`: the command `extenci test-vm`."""
    run_as("test-vm")


def catalog() -> None:
    """`extenci-catalog`: the commands `extenci catalog`."""
    run_as("catalog")


def control() -> None:
    """`extenci-control`: the commands `extenci control`."""
    run_as("control")


def run_as(command: str) -> None:
    """Run a command with the arguments of this program."""
    sys.argv.insert(1, command)
    main()
