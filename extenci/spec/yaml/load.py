"""YAML text → a document with positions, safely.

Only the parser's events are used: nothing is ever constructed, and hostile input (aliases that
multiply, endless nesting) is refused while it is read, before it costs anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from extenci.spec.words import quoted
from extenci.spec.yaml.document import (
    MOST_FAULTS,
    Document,
    Entry,
    Fault,
    Mapping,
    Mark,
    Node,
    Scalar,
    Sequence,
    Unreadable,
)
from extenci.spec.yaml.events import NotAlike, is_plain, parse, parse_quickly, to_mark
from extenci.spec.yaml.files import read_text
from extenci.spec.yaml.scalars import TAG, Ambiguous, Value, resolve, resolve_tagged

SUFFIXES = (".yaml", ".yml")
"""What names of YAML files end in."""

MOST_VALUES = 300_000
"""Values of one document, with every alias written out."""

DEEPEST = 50
"""Levels of nesting. The formats need seven."""


def load_document(path: Path) -> Document:
    """Read a YAML file; everything wrong with it as YAML is in `faults`."""
    try:
        text = read_text(path)
        top, faults = compose(text)
    except Unreadable as unreadable:
        return Document(path, None, (unreadable.fault,))
    return Document(path, top, tuple(faults))


def compose(text: str) -> tuple[Node, list[Fault]]:
    """The one document in a text, and what is wrong with it; Unreadable where it cannot be read further."""
    if is_plain(text):
        with suppress(NotAlike):
            return _compose(parse_quickly(text))
    return _compose(parse(text))


def _compose(events: Iterator[Event]) -> tuple[Node, list[Fault]]:
    composer = _Composer(events)
    return composer.document(), composer.faults


def _join_surrogates(text: str) -> str:
    """Text whose surrogate pairs, which JSON escapes characters beyond U+FFFF with, are those characters.
    UnicodeError where a half is alone."""
    if not any("\ud800" <= character <= "\udfff" for character in text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16")


@dataclass
class _Composer:
    events: Iterator[Event]
    faults: list[Fault] = field(default_factory=list)
    anchors: dict[str, Node | None] = field(default_factory=dict)
    values: int = 0

    def document(self) -> Node:
        self._expect(StreamStartEvent)
        event = next(self.events)
        if isinstance(event, StreamEndEvent):
            raise Unreadable("is empty")
        self._expect_version(event)
        top = self._node(next(self.events), 0)
        self._expect(DocumentEndEvent)
        event = next(self.events)
        if not isinstance(event, StreamEndEvent):
            raise Unreadable(
                "a second document begins here; put it into a file of its own", to_mark(event.start_mark)
            )
        if isinstance(top, Scalar) and top.value is None:
            raise Unreadable("is empty")
        return top

    def _expect(self, kind: type[Event]) -> None:
        event = next(self.events)
        if not isinstance(event, kind):
            raise Unreadable("cannot be read as YAML", to_mark(event.start_mark))

    def _expect_version(self, event: Event) -> None:
        version = event.version if isinstance(event, DocumentStartEvent) else None
        if version is not None and tuple(version) != (1, 2):
            self._fault(event, "the file asks for another version of YAML than 1.2; remove the %YAML line")

    def _fault(self, event: Event, message: str) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(to_mark(event.start_mark), message))

    def _node(self, event: Event, depth: int) -> Node:
        mark = to_mark(event.start_mark)
        self._count(1, mark)
        if depth > DEEPEST:
            raise Unreadable(f"more than {DEEPEST} levels of nesting", mark)
        match event:
            case AliasEvent():
                return self._alias(event, mark)
            case ScalarEvent():
                node: Node = Scalar(mark, self._value(event))
            case SequenceStartEvent():
                self._begin(event, "seq")
                node = self._sequence(mark, depth)
            case MappingStartEvent():
                self._begin(event, "map")
                node = self._mapping(mark, depth)
            case _:
                raise Unreadable("cannot be read as YAML", mark)
        if node.height > DEEPEST:
            raise Unreadable(f"more than {DEEPEST} levels of nesting, with aliases followed", mark)
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def _below(self, event: Event, depth: int, parent: Mark) -> Node:
        """The value of a key, or an item; one that is left out stands where its `parent` does."""
        node = self._node(event, depth + 1)
        is_left_out = isinstance(event, ScalarEvent) and not event.value and not event.style
        return replace(node, mark=parent) if is_left_out else node

    def _count(self, values: int, mark: Mark) -> None:
        self.values += values
        if self.values > MOST_VALUES:
            raise Unreadable(f"more than {MOST_VALUES:,} values, with aliases and merge keys followed", mark)

    def _begin(self, event: SequenceStartEvent | MappingStartEvent, tag: str) -> None:
        if event.anchor:
            self.anchors[event.anchor] = None
        if event.tag not in (None, "!", f"{TAG}{tag}"):
            self._refuse_tag(event)

    def _refuse_tag(self, event: Event) -> None:
        tag = str(getattr(event, "tag", "")).replace(TAG, "!!")
        self._fault(event, f"the tag {quoted(tag)} has no meaning here; remove it")

    def _alias(self, event: AliasEvent, mark: Mark) -> Node:
        if event.anchor not in self.anchors:
            raise Unreadable(f"the alias *{quoted(event.anchor)[1:-1]} is not defined before this line", mark)
        target = self.anchors[event.anchor]
        if target is None:
            raise Unreadable(f"the alias *{quoted(event.anchor)[1:-1]} stands inside what it refers to", mark)
        self._count(target.size - 1, mark)
        return Scalar(mark, target.value) if isinstance(target, Scalar) else target

    def _value(self, event: ScalarEvent) -> Value:
        try:
            value = self._resolve(event)
        except Ambiguous as error:
            self._fault(event, str(error))
            return str(event.value)
        if not isinstance(value, str):
            return value
        try:
            return _join_surrogates(value)
        except UnicodeError:
            self._fault(event, "holds half of a character (a surrogate), which is not text")
            return ""

    def _resolve(self, event: ScalarEvent) -> Value:
        if event.tag is None:
            return resolve(event.value) if event.implicit[0] else str(event.value)
        if event.tag == "!":
            return str(event.value)
        try:
            return resolve_tagged(event.value, event.tag)
        except KeyError:
            self._refuse_tag(event)
            return str(event.value)

    def _sequence(self, mark: Mark, depth: int) -> Sequence:
        items: list[Node] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            items.append(self._below(event, depth, mark))
        height = 1 + max((item.height for item in items), default=0)
        return Sequence(mark, tuple(items), 1 + sum(item.size for item in items), height)

    def _mapping(self, mark: Mark, depth: int) -> Mapping:
        own: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        merge_key: Event | None = None
        while not isinstance(event := next(self.events), MappingEndEvent):
            if isinstance(event, ScalarEvent) and event.value == "<<" and event.implicit[0]:
                if merge_key is not None:
                    self._fault(event, "the key '<<' stands here twice; merge a list: <<: [*a, *b]")
                merge_key = event
                self._merge(merged, self._node(next(self.events), depth + 1), event)
            else:
                self._entry(own, event, depth)
        entries = {**merged, **own}
        height = 1 + max((entry.node.height for entry in entries.values()), default=0)
        return Mapping(mark, entries, 1 + sum(entry.node.size for entry in entries.values()), height)

    def _entry(self, entries: dict[str, Entry], event: Event, depth: int) -> None:
        key = self._node(event, depth + 1)
        mark = to_mark(event.start_mark)
        node = self._below(next(self.events), depth, mark)
        match key:
            case Scalar(value=str() as word):
                if word in entries:
                    first = entries[word].mark
                    self._fault(
                        event, f"the key {quoted(word)} stands here twice, first at line {first.line}"
                    )
                else:
                    entries[word] = Entry(mark, node)
            case Scalar():
                self._fault(event, "this key is not text; put it in quotes")
            case _:
                self._fault(event, "a list or mapping cannot be a key")

    def _merge(self, merged: dict[str, Entry], node: Node, event: Event) -> None:
        sources = node.items if isinstance(node, Sequence) else (node,)
        for source in sources:
            if not isinstance(source, Mapping):
                self._fault(event, "<<: takes a mapping, or a list of mappings")
                return
            for key, entry in source.entries.items():
                merged.setdefault(key, entry)
