"""pydantic's errors → faults at their places, in words for people."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from extenci.spec.validation.keys import explain_unknown_key
from extenci.spec.validation.sentences import sentence
from extenci.spec.words import quoted
from extenci.spec.yaml.document import (
    MOST_FAULTS,
    Document,
    Fault,
    Mark,
    Node,
    Path,
    find_nothings,
    locate,
    plain,
)

M = TypeVar("M", bound=BaseModel)


def validate(model: type[M], document: Document) -> tuple[M | None, list[Fault]]:
    """The document as a model (None where it has faults), and its faults, those of its YAML too.

    Values are never part of a fault's text, save for words that should have been one of a few.
    """
    if document.top is None:
        return None, list(document.faults)
    faults = [*document.faults, *_find_empty(document.top)]
    try:
        value = model.model_validate(plain(document.top))
    except ValidationError as error:
        details = error.errors(include_url=False)
        silent = {fault.mark for fault in faults}
        found = [explain(detail, document.top, model) for detail in details[:MOST_FAULTS]]
        faults += [fault for fault in found if fault.mark not in silent]
        if len(details) > MOST_FAULTS:
            faults.append(Fault(Mark(), f"has {len(details) - MOST_FAULTS} more problems of this kind"))
        return None, faults
    return (None if faults else value), faults


def _find_empty(top: Node) -> Iterator[Fault]:
    for path in itertools.islice(find_nothings(top), MOST_FAULTS):
        mark = place(top, path)
        yield Fault(mark, f"{subject(path)}has no value; write one, or remove the line")


def explain(detail: ErrorDetails, top: Node, model: type[BaseModel]) -> Fault:
    """One error of pydantic as a fault at its place."""
    loc: Path = tuple(detail["loc"])
    match detail["type"]:
        case "missing":
            path, entry = locate(top, loc[:-1])
            return Fault(entry.mark, f"{subject(path)}lacks the key {quoted(str(loc[-1]))}")
        case "extra_forbidden":
            path, entry = locate(top, loc)
            return Fault(entry.mark, explain_unknown_key(str(loc[-1]), loc, model))
        case _:
            key = detail.get("ctx", {}).get("key")
            path, entry = locate(top, (*loc, key) if key else loc)
            about = entry.mark if key or loc[-1:] == ("[key]",) else place(top, path)
            return Fault(about, f"{subject(path)}{sentence(detail)}")


def place(top: Node, path: Path) -> Mark:
    """Where to point for a value: at itself on the line of its key, else at the key."""
    entry = locate(top, path)[1]
    return entry.node.mark if entry.node.mark.line == entry.mark.line else entry.mark


def subject(path: Path) -> str:
    """The subject of a message: `'count' `, `'checks', item 2, `, or `the file `."""
    match path:
        case ():
            return "the file "
        case (*_, str() as key):
            return f"{quoted(key)} "
        case (*_, str() as key, int() as index):
            return f"{quoted(key)}, item {index + 1}, "
        case _:
            return "this "
