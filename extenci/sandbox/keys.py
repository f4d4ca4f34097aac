"""The credentials of the service `sandbox`: made up at its start, good for nothing else."""

from __future__ import annotations

import os
import secrets
import string
from pathlib import Path

from extenci.sandbox.folder import Folder

_SYMBOLS = string.ascii_uppercase + string.digits


def write_keys(folder: Folder) -> None:
    """Writes both key files, one line each and readable by their owner only, unless they are there."""
    tail = "".join(secrets.choice(_SYMBOLS) for _ in range(9))
    for path, text in ((folder.access_key, f"AKIASANDBOX{tail}"), (folder.secret_key, secrets.token_hex(20))):
        if path.exists():
            continue
        _write(path, f"{text}\n".encode())


def write_bundle_keys(folder: Folder) -> None:
    """Writes the keys and certificates of bundles, the user's and the sandbox's, unless they are there."""
    from extenci.image.bundle.certificates import new_key_pair  # noqa: PLC0415 - loads cryptography

    pairs = (
        ("extenci sandbox user", folder.user_key, folder.user_certificate),
        ("extenci sandbox", folder.cloud_key, folder.cloud_certificate),
    )
    for name, key, certificate in pairs:
        if key.exists() and certificate.exists():
            continue
        private, public = new_key_pair(name)
        _write(certificate, public)
        _write(key, private)


def _write(path: Path, text: bytes) -> None:
    unfinished = path.with_name(f"{path.name}.new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.write(descriptor, text)
    os.close(descriptor)
    unfinished.replace(path)
