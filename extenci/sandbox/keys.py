"""The credentials of the service `sandbox`: made up at its start, good for nothing else."""

from __future__ import annotations

import os
import secrets
import string

from extenci.sandbox.folder import Folder

_SYMBOLS = string.ascii_uppercase + string.digits


def write_keys(folder: Folder) -> None:
    """Writes both key files, one line each and readable by their owner only, unless they are there."""
    tail = "".join(secrets.choice(_SYMBOLS) for _ in range(9))
    for path, text in ((folder.access_key, f"AKIASANDBOX{tail}"), (folder.secret_key, secrets.token_hex(20))):
        if path.exists():
            continue
        unfinished = path.with_suffix(".new")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.write(descriptor, f"{text}\n".encode())
        os.close(descriptor)
        unfinished.replace(path)
