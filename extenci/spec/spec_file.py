"""One spec file → its entries, each validated by itself, so that one mistake hides no other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from extenci.model.address import Kind
from extenci.spec.format import ImageSpec, InstancesSpec, SpecFile
from extenci.spec.validation.faults import place, validate
from extenci.spec.validation.fields import EntryName, Names
from extenci.spec.validation.strict import Strict
from extenci.spec.yaml.document import (
    Document,
    Entry,
    Fault,
    Mapping,
    Mark,
    Node,
    Scalar,
    child,
    locate,
    plain,
)

M = TypeVar("M", bound=BaseModel)

SECTIONS = {Kind.IMAGE: "images", Kind.INSTANCES: "instances"}

_NAMES: TypeAdapter[list[str]] = TypeAdapter(Names, config=Strict.model_config)
_ENTRY_NAME: TypeAdapter[str] = TypeAdapter(EntryName, config=Strict.model_config)


@dataclass(frozen=True)
class NamedService:
    """A service that a spec file names, and the place of the name."""

    name: str
    mark: Mark


@dataclass(frozen=True)
class SpecEntry:
    """One image or instance group of a spec file. `spec` is None where it has faults."""

    kind: Kind
    name: str
    document: Document
    mark: Mark
    services: tuple[NamedService, ...]
    spec: ImageSpec | InstancesSpec | None

    @property
    def path(self) -> Path:
        """The file."""
        return self.document.path

    def place(self, *keys: str | int) -> Mark:
        """Where a value of the entry stands; the entry itself where it has no such key."""
        if self.document.top is None:
            return self.mark
        path, _ = locate(self.document.top, (SECTIONS[self.kind], self.name, *keys))
        return place(self.document.top, path) if len(path) > 2 else self.mark

    def place_of_key(self, key: str) -> Mark:
        """Where a key of the entry stands."""
        if self.document.top is None:
            return self.mark
        return locate(self.document.top, (SECTIONS[self.kind], self.name, key))[1].mark


@dataclass(frozen=True)
class SpecDocument:
    """A spec file. `is_whole`: its services and entries are all known, even where some are invalid."""

    document: Document
    services: tuple[NamedService, ...]
    entries: tuple[SpecEntry, ...]
    faults: tuple[Fault, ...]
    is_whole: bool


def read_spec_file(document: Document) -> SpecDocument:
    """A spec file's entries and faults."""
    top = document.top
    if top is None:
        return SpecDocument(document, (), (), document.faults, is_whole=False)
    whole, faults = validate(SpecFile, document)
    services = _find_services(top)
    entries = (
        *_find_entries(document, services, Kind.IMAGE, ImageSpec, whole.images if whole else None),
        *_find_entries(document, services, Kind.INSTANCES, InstancesSpec, whole.instances if whole else None),
    )
    return SpecDocument(document, services, entries, tuple(faults), is_whole=bool(services))


def _find_services(top: Node) -> tuple[NamedService, ...]:
    entry = child(top, "service")
    if entry is None:
        return ()
    try:
        names = _NAMES.validate_python(plain(entry.node))
    except ValidationError:
        return ()
    if isinstance(entry.node, Scalar):
        return (NamedService(names[0], entry.node.mark),)
    return tuple(NamedService(name, locate(entry.node, (index,))[1].mark) for index, name in enumerate(names))


def _find_entries(
    document: Document,
    services: tuple[NamedService, ...],
    kind: Kind,
    model: type[ImageSpec] | type[InstancesSpec],
    valid: dict[str, ImageSpec] | dict[str, InstancesSpec] | None,
) -> list[SpecEntry]:
    section = child(document.top, SECTIONS[kind]) if document.top is not None else None
    if section is None or not isinstance(section.node, Mapping):
        return []
    return [
        SpecEntry(
            kind,
            name,
            document,
            entry.mark,
            services,
            valid[name] if valid is not None else _validate_alone(model, name, entry),
        )
        for name, entry in section.node.entries.items()
    ]


def _validate_alone(model: type[M], name: str, entry: Entry) -> M | None:
    try:
        _ENTRY_NAME.validate_python(name)
        return model.model_validate(plain(entry.node))
    except ValidationError:
        return None
