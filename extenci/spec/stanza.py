"""Specs as the text of spec files: an entry that describes what exists, by itself or in a file whose comments
stay."""

from __future__ import annotations

import os
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from extenci.model.address import Address, Kind
from extenci.model.desired import DesiredGroup, DesiredImage
from extenci.model.errors import UsageError
from extenci.model.service import Service
from extenci.model.version import Architecture, is_url
from extenci.spec.spec_file import SECTIONS
from extenci.spec.words import shown

LARGEST = 1 << 20
"""Bytes of a file that an entry is written into."""


def section_of(spec: DesiredImage | DesiredGroup) -> str:
    """The key of a spec file under which a spec stands: `images` or `instances`."""
    return SECTIONS[Kind.IMAGE if isinstance(spec, DesiredImage) else Kind.INSTANCES]


def entry_of(spec: DesiredImage | DesiredGroup, service: Service, folder: Path) -> dict[str, Any]:
    """The keys of a spec, in a file in `folder`, without those that say what holds anyhow."""
    keys = image_keys(spec, folder) if isinstance(spec, DesiredImage) else group_keys(spec)
    if isinstance(spec, DesiredImage):
        keys["method"] = str(spec.method) if spec.method is not service.stage else None
    else:
        keys["launch"] = str(spec.launch) if spec.launch is not service.launch else None
    keys["protect"] = spec.protect or None
    keys["tags"] = dict(spec.tags) or None
    return {key: value for key, value in keys.items() if value is not None}


def image_keys(spec: DesiredImage, folder: Path) -> dict[str, Any]:
    """The keys that only images have."""
    source = spec.source if is_url(spec.source) else os.path.relpath(spec.source, os.path.realpath(folder))
    return {
        "source": source,
        "sha256": spec.sha256,
        "architecture": None if spec.architecture is Architecture.X86_64 else str(spec.architecture),
        "boot_mode": str(spec.boot_mode) if spec.boot_mode else None,
        "size": spec.gib,
    }


def group_keys(spec: DesiredGroup) -> dict[str, Any]:
    """The keys that only groups have."""
    settings = spec.settings
    return {
        "image": spec.image.name if isinstance(spec.image, Address) else str(spec.image),
        "type": settings.type,
        "count": spec.count,
        "key_name": settings.key_name,
        "security_groups": list(settings.security_groups) or None,
        "subnet": settings.subnet,
        "availability_zone": settings.availability_zone,
        "instance_profile": settings.instance_profile,
    }


def stanza(spec: DesiredImage | DesiredGroup, entry: Mapping[str, Any]) -> str:
    """A spec file that has one entry alone."""
    address = spec.address
    return _dumped({"service": address.service, section_of(spec): {address.name: dict(entry)}})


def with_entry(text: str, path: Path, spec: DesiredImage | DesiredGroup, entry: Mapping[str, Any]) -> str:
    """The text of a spec file with another entry; its comments stay. UsageError where the file is no spec
    file of the entry's service alone."""
    yaml = _yaml()
    try:
        document = yaml.load(text)
    except YAMLError:
        raise UsageError(f"{shown(path)} is not YAML.", "Run `extenci validate` on it.") from None
    if document is None:
        return text + stanza(spec, entry)
    if not isinstance(document, CommentedMap) or document.get("service") is None:
        raise UsageError(f"{shown(path)} is not a spec file.", "Name one, or a file that does not exist yet.")
    if document["service"] not in (spec.address.service, [spec.address.service]):
        raise UsageError(
            f"{shown(path)} is about other services than {spec.address.service} alone.",
            "An entry there would ask for the same on each of them: name another file.",
        )
    section = document.get(section_of(spec))
    if section is None:
        section = document[section_of(spec)] = CommentedMap()
    if spec.address.name in section:
        raise UsageError(f"{shown(path)} has an entry {spec.address.name} already.", "Name another file.")
    section[spec.address.name] = dict(entry)
    return _dumped(document, yaml)


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 100_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _dumped(document: Any, yaml: YAML | None = None) -> str:
    stream = StringIO()
    (yaml or _yaml()).dump(document, stream)
    return stream.getvalue()
