"""Faults of a file as problems, which name the file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from extenci.model.errors import Problem
from extenci.spec.words import shown
from extenci.spec.yaml.document import Fault, Mark


def problem(path: Path, message: str, mark: Mark | None = None) -> Problem:
    """One thing wrong in a file, or with the whole file where there is no mark."""
    mark = mark or Mark()
    return Problem(shown(path), mark.line, mark.column, message)


def to_problems(path: Path, faults: Iterable[Fault]) -> tuple[Problem, ...]:
    """Everything that is wrong in a file, each fault once, in the order of its places."""
    return tuple(problem(path, fault.message, fault.mark) for fault in sorted(set(faults)))
