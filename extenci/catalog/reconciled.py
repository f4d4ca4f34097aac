"""What is kept of reconciling a spec root: a checkout of its own, the last pass, and a lock."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from extenci.catalog.files import read_whole, write_whole
from extenci.catalog.home import Home
from extenci.catalog.lock import Holder, hold_file
from extenci.model.errors import CatalogError, LockHeld
from extenci.model.reconcile import LastPass, PassStatus

MOST_BYTES = 64 << 10
DIGITS = 16


class ReconcileFolder:
    """The folder in a home for one spec root."""

    def __init__(self, home: Home, root: Path) -> None:
        self._home = home
        self._root = os.path.realpath(root)
        name = hashlib.sha256(os.fsencode(self._root)).hexdigest()[:DIGITS]
        self._folder = home.reconcile_folder / name

    @property
    def checkout(self) -> Path:
        """The folder of the checkout, which may not be there yet."""
        return self._folder / "checkout"

    @contextmanager
    def locked(self, command: str) -> Iterator[None]:
        """Keep others from reconciling this root in this home while the block runs (LockHeld,
        CatalogError)."""
        self._home.make(self._folder)

        def refuse(holder: Holder | None, _waited: float) -> LockHeld:
            who = str(holder) if holder else "another process that has just begun"
            return LockHeld(
                f"{self._root} is being reconciled by {who}.", "One at a time is enough: end that one first."
            )

        with hold_file(self._folder / "lock", command, refuse):
            yield

    @property
    def last(self) -> LastPass | None:
        """What is kept of the last pass; None where there was none, or it cannot be read."""
        try:
            content = json.loads(read_whole(self._folder / "last.json", MOST_BYTES))
            return LastPass(
                at=float(content["at"]),
                commit=str(content["commit"]),
                branch=str(content["branch"]),
                status=PassStatus(content["status"]),
                summary=str(content["summary"]),
                ok_at=float(content["ok_at"]),
            )
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def keep(self, last: LastPass) -> None:
        """Keep what is to be known of a pass (CatalogError)."""
        self._home.make(self._folder)
        try:
            write_whole(self._folder / "last.json", json.dumps(asdict(last)).encode())
        except OSError as error:
            raise CatalogError(
                f"The last pass cannot be kept in {self._folder}: {error.strerror or error}.",
                "Make the folder writable for this user, and see that its disk is not full.",
            ) from error
