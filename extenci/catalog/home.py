"""The folder of everything that extenci keeps for a user."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from extenci.model.errors import CatalogError

VARIABLE = "EXTENCI_HOME"


@dataclass(frozen=True)
class Home:
    """Where a user's services, records, locks and sandbox live. Reading from it never creates it."""

    path: Path

    @classmethod
    def find(cls, environment: Mapping[str, str] = os.environ) -> Home:
        """`EXTENCI_HOME`, or `~/.extenci`; CatalogError where the user's home folder is unknown."""
        named = environment.get(VARIABLE, "")
        try:
            return cls(Path(named or "~/.extenci").expanduser().absolute())
        except RuntimeError as error:
            raise CatalogError(
                "The home folder of this user is unknown, so there is no place for extenci's records.",
                f"Set {VARIABLE} to a folder that extenci may use.",
            ) from error

    @property
    def services_folder(self) -> Path:
        """The folder of service files, `NAME.yaml` each."""
        return self.path / "catalog" / "service"

    @property
    def settings(self) -> Path:
        """The file of the user's settings."""
        return self.path / "settings.yaml"

    @property
    def database(self) -> Path:
        """The file of the records and the journal."""
        return self.path / "catalog" / "records.sqlite"

    @property
    def locks_folder(self) -> Path:
        """The folder of the stacks' locks."""
        return self.path / "locks"

    def lock(self, stack: str) -> Path:
        """The file that a command locks while it changes a stack."""
        return self.locks_folder / f"{stack}.lock"

    def question(self, run: str) -> Path:
        """The file that a command locks from its run until a person has answered the run's question."""
        return self.locks_folder / f"{run}.question"

    @property
    def sandbox_folder(self) -> Path:
        """The folder of the local cloud."""
        return self.path / "sandbox"

    @property
    def jobs_folder(self) -> Path:
        """The folder of files that HTCondor jobs refer to: user data, by its hash."""
        return self.path / "jobs"

    @property
    def keys_folder(self) -> Path:
        """The folder of private keys of test VMs."""
        return self.path / "keys"

    @property
    def known_hosts_folder(self) -> Path:
        """The folder of host keys of machines that people log in to."""
        return self.path / "known_hosts"

    @property
    def evidence_folder(self) -> Path:
        """The default folder of the evidence that checks of test VMs find."""
        return self.path / "evidence"

    @property
    def cache_folder(self) -> Path:
        """The folder of files that can be made again: converted and downloaded disks."""
        return self.path / "cache"

    @property
    def completion_folder(self) -> Path:
        """The folder of names in specs, for the completion of words in a shell."""
        return self.path / "completion"

    @property
    def blocks_folder(self) -> Path:
        """The folder of the block lists of disks that were read."""
        return self.path / "catalog" / "blocks"

    @property
    def uploads_folder(self) -> Path:
        """The folder of notes on unfinished uploads."""
        return self.path / "catalog" / "uploads"

    @property
    def reconcile_folder(self) -> Path:
        """The folder of checkouts and last passes of spec roots that are reconciled."""
        return self.path / "reconcile"

    @property
    def leases_folder(self) -> Path:
        """The folder of the keys by which this home knows its own leases again."""
        return self.path / "leases"

    def make(self, folder: Path | None = None) -> Path:
        """Create the home, and `folder` inside it, readable by this user only; CatalogError where that fails.

        Folders that exist keep the permissions that someone gave them.
        """
        folder = folder or self.path
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            for part in reversed((folder, *folder.parents)):
                if part.is_relative_to(self.path):
                    part.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise CatalogError(
                f"The folder {folder} cannot be created: {error.strerror or error}.",
                f"Make it writable for this user, or set {VARIABLE} to a folder that is.",
            ) from error
        return folder
