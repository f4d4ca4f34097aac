"""A watch over a machine's console while its checks run."""

from __future__ import annotations

import threading
from collections.abc import Callable

from extenci.model.errors import ExtenciError
from extenci.verify.console.alarms import clean, find_alarm
from extenci.verify.evidence_folder import CONSOLE, EvidenceFolder
from extenci.verify.halt import Halt, OutOfTime, in_background

PATIENCE = 30.0
"""Seconds that one reading may take."""

FIRST_LOOK = 3.0
"""Seconds that checks wait for the first reading: it may show the machine's host keys."""


class ConsoleWatch:
    """Reads the console every few seconds, keeps it in `console.txt`, and sounds `halt` at an alarm."""

    def __init__(
        self, read: Callable[[], str], folder: EvidenceFolder, halt: Halt, *, every: float = 3.0
    ) -> None:
        self.text = ""
        self.fault = ""
        self._read, self._folder, self._halt, self._every = read, folder, halt, every
        self._over = threading.Event()
        self._looked = threading.Event()
        self._writing = threading.Lock()
        self._defect: Exception | None = None
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> ConsoleWatch:
        self._thread.start()
        waited = 0.0
        while waited < FIRST_LOOK and not self._halt.is_set and not self._looked.wait(0.1):
            waited += 0.1
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(0.0 if self._halt.is_set else 0.2)

    def look(self, seconds: float = PATIENCE) -> None:
        """Read the console now. Raises an exception that stopped the watch in the background."""
        if self._defect is not None:
            raise self._defect
        try:
            text = clean(in_background(self._read, self._halt, seconds))
            self.fault = ""
        except OutOfTime:
            self.fault = "the service did not answer in time"
            return
        except ExtenciError as error:
            self.fault = error.message
            return
        with self._writing:
            if text and text != self.text:
                self.text = text
                self._folder.write(CONSOLE, text)
        if alarm := find_alarm(self.text):
            self._halt.sound(alarm)

    def _watch(self) -> None:
        while not (self._over.is_set() or self._halt.is_set):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - raised again where it can be seen
                self._defect = error
                return
            finally:
                self._looked.set()
            self._over.wait(self._every)
