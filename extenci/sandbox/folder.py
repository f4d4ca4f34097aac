"""The files and folders of a sandbox, below one EXTENCI_HOME."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Folder:
    """The folder `HOME/sandbox`. The lock lies beside it, so that removing the folder keeps the lock."""

    home: Path

    @property
    def root(self) -> Path:
        return self.home / "sandbox"

    @property
    def lock(self) -> Path:
        return self.home / "sandbox.lock"

    @property
    def state(self) -> Path:
        """JSON: the process and its ports, written by the server when it answers."""
        return self.root / "state.json"

    @property
    def log(self) -> Path:
        """The output of the server's process."""
        return self.root / "server.log"

    @property
    def calls(self) -> Path:
        """One JSON line for each request; see `extenci.sandbox.server.calls`."""
        return self.root / "calls.jsonl"

    @property
    def faults(self) -> Path:
        """The rules by which the sandbox misbehaves, if any; see `extenci.sandbox.server.faults`."""
        return self.root / "faults"

    @property
    def lacking(self) -> Path:
        """The abilities that were taken away, if any; see `extenci.sandbox.server.lacking`."""
        return self.root / "lacking"

    @property
    def disks(self) -> Path:
        """`SNAPSHOT-ID.raw`, sparse, for each snapshot that exists."""
        return self.root / "disks"

    @property
    def objects(self) -> Path:
        """The bytes of what is in S3, in files of no particular names."""
        return self.root / "objects"

    @property
    def machines(self) -> Path:
        """A folder for each real machine, with its disk."""
        return self.root / "machines"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def user_key(self) -> Path:
        """The private key that the user signs bundles with."""
        return self.keys / "user.key"

    @property
    def user_certificate(self) -> Path:
        return self.keys / "user.pem"

    @property
    def cloud_key(self) -> Path:
        """The private key that the sandbox itself opens bundles with."""
        return self.keys / "cloud.key"

    @property
    def cloud_certificate(self) -> Path:
        return self.keys / "cloud.pem"

    @property
    def access_key(self) -> Path:
        return self.keys / "access"

    @property
    def secret_key(self) -> Path:
        return self.keys / "secret"
