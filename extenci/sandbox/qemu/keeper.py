"""Keeps one machine: makes its disk, starts its QEMU, moves what it says, and cleans up after it."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from extenci.sandbox.qemu import command
from extenci.sandbox.qemu.acceleration import acceleration
from extenci.sandbox.qemu.cable import Cable
from extenci.sandbox.qemu.console import Console
from extenci.sandbox.qemu.installation import Installation
from extenci.sandbox.qemu.metadata import Metadata, MetadataListener
from extenci.sandbox.qemu.monitor import Monitor
from extenci.sandbox.qemu.relay import Relay
from extenci.sandbox.qemu.spawn import spawn
from extenci.sandbox.state.machines import MachineConfig

TICK_SECONDS = 0.1
END_SECONDS = 5.0


@dataclass(frozen=True)
class MachineHome:
    """The place of a machine: its folder, its loopback address, and the ports there for its own."""

    folder: Path
    address: str
    forwards: Mapping[int, int]


class Keeper(threading.Thread):
    """One thread for one machine's whole life: QEMU ends when it does."""

    def __init__(self, installation: Installation, launch: MachineConfig, place: MachineHome) -> None:
        super().__init__(name=f"keeper of {launch.instance_id}", daemon=True)
        self.launch = launch
        self.address = place.address
        self.console = Console()
        self.up = False
        """The machine exists: its code runs."""
        self.failure = ""
        """Why it ended, if that was a defect and nobody's spec."""
        self.wanted = threading.Event()
        """Set: it is to end."""
        self.keep_disk = False
        """It may be started again. So may one that ended by itself."""
        self._installation = installation
        self._place = place
        self._bell, self._ear = socket.socketpair()
        self._resets = 0

    def end(self, *, keep_disk: bool = False) -> None:
        """Asks it to end, at once."""
        self.keep_disk = keep_disk
        self.wanted.set()
        self._ring()

    def reset(self) -> None:
        """Asks for the reset button."""
        self._resets += 1
        self._ring()

    def _ring(self) -> None:
        with contextlib.suppress(OSError):
            self._bell.send(b"!")

    def run(self) -> None:
        try:
            self._make_disk()
            if not self.wanted.is_set():
                self._run()
        except (OSError, subprocess.SubprocessError) as error:
            self.failure = f"The machine could not be started: {_reason(error)}"
            self.console.note(self.failure)
        finally:
            self._ear.close()
            self._bell.close()
            if self.wanted.is_set() and not self.keep_disk:
                shutil.rmtree(self._place.folder, ignore_errors=True)

    def _make_disk(self) -> None:
        """An overlay over the snapshot's file, unless there is one from before a stop."""
        folder = self._place.folder
        if (folder / command.OVERLAY).exists():
            return
        options = ["-F", "raw", "-b", command.BASE] if (folder / command.BASE).exists() else []
        size = f"{max(self.launch.root_gib, 1)}G"
        words = [str(self._installation.img), "create", "-q", "-f", "qcow2", *options, command.OVERLAY, size]
        subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=True)
        variables = self._installation.uefi_variables
        if variables is not None and self.launch.boot_mode.startswith("uefi"):
            shutil.copyfile(variables, folder / command.VARIABLES)

    def _run(self) -> None:
        pairs = [socket.socketpair() for _ in range(4)]
        card, uplink, serial, monitor = (ours for ours, _ in pairs)
        theirs = command.Descriptors(*(end.fileno() for _, end in pairs))
        how = acceleration(self._installation)
        words = command.command_of(self._installation, how, self.launch, theirs)
        log = self._place.folder / "qemu.log"
        service = MetadataListener(Metadata(self.launch, self.address))
        try:
            process = spawn(words, self._place.folder, [end.fileno() for _, end in pairs], log)
            for _, end in pairs:
                end.close()
            try:
                self._watch(Cable(card), Cable(uplink), serial, Monitor(monitor), service.port)
            finally:
                self._finish(process, log)
        finally:
            service.end()
            for ours, end in pairs:
                ours.close()
                end.close()

    def _watch(
        self, card: Cable, uplink: Cable, serial: socket.socket, monitor: Monitor, metadata_port: int
    ) -> None:
        """Until the machine ends, or is to end."""
        relay = Relay(
            card,
            uplink,
            mac=command.mac_of(self.launch.instance_id),
            ports=tuple(self._place.forwards),
            metadata_port=metadata_port,
            changed=lambda port, guest, is_open: self._forward(monitor, port, guest, is_open=is_open),
        )
        serial.setblocking(False)
        with selectors.DefaultSelector() as selector, contextlib.suppress(EOFError):
            for one in (card.socket, uplink.socket, serial, monitor.socket, self._ear):
                selector.register(one, selectors.EVENT_READ)
            resets = 0
            while not self.wanted.is_set():
                ready: set[object] = {key.fileobj for key, _ in selector.select(TICK_SECONDS)}
                self._take(ready, relay, card, uplink)
                if serial in ready:
                    self.console.add(_read(serial))
                if monitor.socket in ready and "RESET" in list(monitor.read()):
                    relay.forget()
                if self._ear in ready:
                    self._ear.recv(64)
                if resets < self._resets:
                    resets = self._resets
                    monitor.reset()
                self.up = self.up or monitor.ready
                relay.ask(time.monotonic())
        with contextlib.suppress(EOFError):
            self.console.add(_read(serial))

    def _take(self, ready: set[object], relay: Relay, card: Cable, uplink: Cable) -> None:
        if card.socket in ready:
            relay.from_machine()
        if uplink.socket in ready:
            relay.from_outside()
        for cable in (card, uplink):
            if cable.waiting:
                cable.flush()

    def _forward(self, monitor: Monitor, port: int, guest: bytes, *, is_open: bool) -> None:
        """Opens or closes a port of our address, as the machine does."""
        here = f"{self.address}:{self._place.forwards[port]}"
        if not is_open:
            monitor.human(f"hostfwd_remove outside tcp:{here}", lambda _: None)
            return

        def answered(words: str) -> None:
            if words:
                self.console.note(f"Port {port} of this machine cannot be reached at {here}: {words}")

        monitor.human(f"hostfwd_add outside tcp:{here}-{IPv4Address(guest)}:{port}", answered)

    def _finish(self, process: subprocess.Popen[bytes], log: Path) -> None:
        """QEMU is gone when this returns. A status other than 0 that we did not cause is a failure."""
        if not self.wanted.is_set():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(END_SECONDS)
        asked = self.wanted.is_set()
        process.kill()
        status = process.wait()
        if status and not asked:
            said = log.read_bytes()[-1000:].decode("utf-8", "replace").strip()
            self.failure = f"QEMU ended with status {status}: {said or 'it said nothing'}"
            self.console.note(self.failure)


def _read(serial: socket.socket) -> bytes:
    """Read the console. Raises EOFError when QEMU is gone."""
    try:
        data = serial.recv(65536)
    except BlockingIOError:
        return b""
    except OSError as error:
        raise EOFError from error
    if not data:
        raise EOFError
    return data


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return os.fsdecode(error.stderr or b"").strip() or str(error)
    return str(error)
