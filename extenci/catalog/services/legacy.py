"""Service files as the 2011 tools had them: `key = value` lines, with the names that HTCondor's submit files
and the environment files of Eucalyptus and Nimbus used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from extenci.catalog.files import read_whole
from extenci.catalog.services.text import ServiceFields
from extenci.model.errors import UsageError
from extenci.spec.words import quoted, shown

LARGEST = 1 << 16
LINE = re.compile(r"(?:export\s+)?([A-Za-z][\w. -]*?)\s*=\s*(.*)")
GRID_RESOURCE = re.compile(r"ec2\s+(\S+)")
NAMES: Mapping[str, tuple[str, ...]] = {
    "region": ("region", "ec2_region"),
    "ec2": ("ec2", "ec2_url", "ec2_endpoint", "url", "endpoint", "service_url", "grid_resource"),
    "s3": ("s3", "s3_url", "s3_endpoint", "walrus_url"),
    "access_key_file": ("access_key_file", "ec2_access_key_id", "access_key", "ec2_access_key", "accesskey"),
    "secret_key_file": (
        "secret_key_file", "ec2_secret_access_key", "secret_key", "ec2_secret_key", "secretkey",
    ),
    "ca_bundle": ("ca_bundle", "ca_file", "cacert"),
    "bucket": ("bucket", "s3_bucket"),
    "bundle_certificate": ("certificate", "cert", "ec2_cert", "bundle_certificate"),
    "bundle_private_key": ("private_key", "ec2_private_key", "bundle_private_key"),
    "bundle_cloud_certificate": ("cloud_certificate", "cloud_cert", "eucalyptus_cert", "ec2_cloud_cert"),
    "bundle_user": ("user", "user_id", "userid", "ec2_user_id", "account", "bundle_user"),
    "stage": ("stage",),
    "launch": ("launch",),
    "tags": ("tags",),
}  # fmt: skip
"""The names of each field, in lower case, with `_` for `-`, `.` and spaces."""
FIELD_OF = {name: field for field, names in NAMES.items() for name in names}
PATHS = ("access_key_file", "secret_key_file", "ca_bundle", "bundle_certificate", "bundle_private_key",
         "bundle_cloud_certificate")  # fmt: skip


@dataclass(frozen=True)
class LegacyService:
    """What a file of 2011 says: the fields that a service file of today has, and the places of lines that it
    has no key for."""

    fields: ServiceFields
    unused: tuple[str, ...]


def read_legacy(path: Path) -> LegacyService:
    """Read a service file of 2011; relative paths in it are relative to it. UsageError where it cannot be
    read, has lines of another form, or holds a key itself instead of naming its file."""
    try:
        text = read_whole(path, LARGEST).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{shown(path)} cannot be read: {error}.") from error
    values: dict[str, str] = {}
    unused: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith(("#", ";")):
            continue
        found = LINE.fullmatch(line.strip())
        if found is None:
            raise UsageError(f"{shown(path)}:{number} is no line of the form `key = value`.")
        key = re.sub(r"[-. ]+", "_", found[1].strip().lower())
        value = found[2].strip().strip("\"'")
        if key not in FIELD_OF:
            unused.append(f"{shown(path)}:{number}: {quoted(found[1])}")
        elif value:
            values[FIELD_OF[key]] = value_of(FIELD_OF[key], value, path, number)
    return LegacyService(ServiceFields(**values), tuple(unused))


def value_of(field: str, value: str, path: Path, line: int) -> str:
    """A value as a service file of today has it (UsageError)."""
    if field == "ec2":
        resource = GRID_RESOURCE.fullmatch(value)
        return resource[1] if resource else value
    if field not in PATHS or value.startswith("~"):
        return value
    file = path.absolute().parent / value
    if not file.is_file():
        raise UsageError(
            f"{shown(path)}:{line}: there is no such file as its {field.replace('_', ' ')}.",
            "If the line holds the key itself, put that into a file of mode 600, and the file's path here.",
        )
    return str(file)
