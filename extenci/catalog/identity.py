"""The id of a home, by which a service's lease tells whose it is."""

from __future__ import annotations

import hashlib
import uuid

from extenci.catalog.files import read_whole, write_whole
from extenci.catalog.home import Home
from extenci.model.errors import CatalogError

MOST_BYTES = 100
LENGTH = 32
"""Characters of an id."""


def home_id(home: Home) -> str:
    """The id of a home, made when it is first needed. A copy of a home has another: the file's inode is part
    of it. CatalogError where it cannot be written."""
    path = home.make() / "id"
    try:
        try:
            text = read_whole(path, MOST_BYTES)
        except FileNotFoundError:
            text = uuid.uuid4().hex.encode()
            write_whole(path, text)
        inode = path.stat().st_ino
    except OSError as error:
        raise CatalogError(
            f"The file {path}, by which services tell this home from others, cannot be used: "
            f"{error.strerror or error}.",
            "Make it readable and its folder writable for this user.",
        ) from error
    return hashlib.sha256(b"%s %d" % (text, inode)).hexdigest()[:LENGTH]
