"""Which YAML files are specs: those that say so. A repository holds many others."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from extenci.model.text import counted, listed
from extenci.spec.words import printable
from extenci.spec.yaml.document import Mapping, Node, Scalar, Unreadable
from extenci.spec.yaml.document import Sequence as Items
from extenci.spec.yaml.files import read_beginning

SERVICE = "service"
SECTIONS = frozenset(("images", "instances"))
KEYS = frozenset((SERVICE, *SECTIONS))
OF_ENTRIES = frozenset(("source", "image"))
"""Keys that each image, or each group, must have."""

_FIRST = re.compile(r"^(?!\s*(?:#|$)|---|%)([ ]*)(\S)", re.MULTILINE)
_WORD = re.compile(r"\b(?:service|images|instances)\b")


def describe_others(folder: Path, paths: Sequence[Path]) -> str:
    """A line about the YAML files of a root that are no specs; nothing where there are none."""
    if not paths:
        return ""
    names = listed(printable(path.relative_to(folder).as_posix()) for path in paths)
    verb = "is no spec" if len(paths) == 1 else "are no specs"
    others = f"{counted(len(paths), 'YAML file')} that {verb}: {names}"
    return f"Passed over {others}. (Specs say `service:` with `images:` or `instances:`.)"


def find_candidates(paths: Iterable[Path], named: Collection[Path]) -> tuple[Path, ...]:
    """The files that may be specs: those `named` on the command line, and those with one of the words where
    keys at their top stand. The YAML of others is not parsed. A file that cannot be opened is among them."""
    return tuple(path for path in paths if path in named or _may_be_spec(path))


def _may_be_spec(path: Path) -> bool:
    try:
        return _has_word_at_top(read_beginning(path))
    except Unreadable:
        return True


def _has_word_at_top(text: str) -> bool:
    """Whether one of the words stands where keys at the top of the file stand."""
    first = _FIRST.search(text)
    if first is None:
        return False
    if first[2] in "{&!?":
        return _WORD.search(text) is not None
    return re.search(rf"^{first[1]}[\"']?{_WORD.pattern}", text, re.MULTILINE) is not None


def is_spec(top: Node, services: Collection[str]) -> bool:
    """Whether a document says that it is a spec: `service:` with `images:` or `instances:`.

    One with mistakes is still a spec: sections without a service, or beside keys that are unknown; a
    `service:` that is one of `services`, or stands alone.
    """
    if not isinstance(top, Mapping) or not top.entries:
        return False
    keys = top.entries.keys()
    if keys <= KEYS or any(_has_entries(top, key) for key in keys if _is_close(key)):
        return True
    if SERVICE not in keys:
        return False
    return bool(SECTIONS & keys) or not _names_in(top.entries[SERVICE].node).isdisjoint(services)


def _is_close(key: str) -> bool:
    return bool(difflib.get_close_matches(key, SECTIONS, n=1, cutoff=0.8))


def _has_entries(top: Mapping, section: str) -> bool:
    """Whether a section is a mapping of what looks like images or groups."""
    node = top.entries[section].node
    return isinstance(node, Mapping) and any(
        isinstance(entry.node, Mapping) and not OF_ENTRIES.isdisjoint(entry.node.entries)
        for entry in node.entries.values()
    )


def _names_in(node: Node) -> frozenset[object]:
    nodes = node.items if isinstance(node, Items) else (node,)
    return frozenset(one.value for one in nodes if isinstance(one, Scalar))
