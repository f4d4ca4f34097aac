"""User data, from the spec itself or from a file of the root, in base64 for RunInstances."""

from __future__ import annotations

import base64
from pathlib import Path

from extenci.spec.format import LaunchKeys
from extenci.spec.own_file import find_own_file
from extenci.spec.validation.fields import USER_DATA_LIMIT
from extenci.spec.yaml.document import Unreadable
from extenci.spec.yaml.files import read_bytes


def read_user_data(
    root: Path, folder: Path, spec: LaunchKeys, place: str = "the spec root"
) -> tuple[str | None, str]:
    """The user data in base64 (None where there is none), and what is wrong with its file, or ''. `place`
    names `root` in messages."""
    if spec.user_data is not None:
        return _encode(spec.user_data.encode()), ""
    if spec.user_data_file is None:
        return None, ""
    inside = f"{place}; user data must come from a file of these specs"
    real, fault = find_own_file(root, folder, spec.user_data_file, inside)
    if fault:
        return None, fault
    try:
        content = read_bytes(real, USER_DATA_LIMIT, follow=False)
    except Unreadable as unreadable:
        return None, unreadable.fault.message
    return (_encode(content), "") if content else (None, "names an empty file; leave the key out")


def _encode(content: bytes) -> str:
    return base64.b64encode(content).decode()
