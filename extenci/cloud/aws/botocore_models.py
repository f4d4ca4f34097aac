"""The SDK's descriptions of the services, without their documentation: a third less memory (EC2's alone take
24 MiB with it), and sooner there."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader, Loader, create_loader
from botocore.session import Session

_loaders: list[Loader] = []


class LeanFileLoader(JSONFileLoader):
    """Reads a file as botocore's own loader does, but leaves out what only people read."""

    def load_file(self, file_path: str) -> Any:
        """The content of a file, with `.json` or `.json.gz` behind its path; None where there is none."""
        plain, packed = Path(f"{file_path}.json"), Path(f"{file_path}.json.gz")
        if plain.is_file():
            return json.loads(plain.read_bytes(), object_hook=without_documentation)
        if packed.is_file():
            return json.loads(gzip.decompress(packed.read_bytes()), object_hook=without_documentation)
        return None


def without_documentation(described: dict[str, Any]) -> dict[str, Any]:
    """An object with no word to people, as which the SDK expects some. A member of that name is no text."""
    if isinstance(described.get("documentation"), str):
        described["documentation"] = ""
    return described


def shared_loader(session: Session) -> Loader:
    """One loader for all sessions of this process, since what it has read it keeps."""
    if not _loaders:
        loader = create_loader(session.get_config_variable("data_path"))
        loader.file_loader = LeanFileLoader()
        _loaders.append(loader)
    return _loaders[0]
