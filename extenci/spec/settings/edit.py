"""The text of a settings file with entries added or removed; comments stay."""

from __future__ import annotations

from collections.abc import Callable, Collection
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from extenci.model.trust import HOOK, Grant, HookGrant

SOURCES, KEYS, TRUST, HOOKS = "sources", "keys", "trust", "hooks"

HEADER = """\
# The settings of this user. `extenci trust` adds to this file and removes from it; it may be edited, too.
# sources: folders outside of spec roots that images may be made from
# keys: private keys outside of spec roots, or folders of them, that checks may log in with
# trust: what service files of spec roots may use, and for which endpoints
# hooks: hooks of spec roots that may be told results
"""


def add_path(text: str, section: str, path: str) -> str:
    """The text with another path under SOURCES or KEYS. The text must be that of a valid file, or empty."""
    return _edit(text, lambda document: document.setdefault(section, []).append(path))


def add_grant(text: str, grant: Grant) -> str:
    """The text with another grant."""
    entry = {
        "service": grant.service,
        "endpoints": sorted(grant.access.endpoints),
        "credentials": sorted(grant.access.credentials),
    }
    return _edit(text, lambda document: document.setdefault(TRUST, []).append(entry))


def add_hook(text: str, grant: HookGrant) -> str:
    """The text with another allowed hook."""
    entry = {"root": grant.root, "hook": grant.label, "trust": grant.word.removeprefix(HOOK)}
    return _edit(text, lambda document: document.setdefault(HOOKS, []).append(entry))


def remove_entries(text: str, section: str, places: Collection[int]) -> str:
    """The text without some entries of a section, which are counted from 0."""

    def change(document: Any) -> None:
        for place in sorted(places, reverse=True):
            del document[section][place]
        if not document[section]:
            del document[section]

    return _edit(text, change)


def _edit(text: str, change: Callable[[Any], object]) -> str:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 100_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(text)
    if document is None:
        document, text = {}, text or HEADER
        change(document)
        return text + _dumped(yaml, document)
    change(document)
    return _dumped(yaml, document) if document else HEADER


def _dumped(yaml: YAML, document: Any) -> str:
    stream = StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()
