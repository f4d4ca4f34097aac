"""The services that specs may name: the built-in sandbox, the catalog's, and the root's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from extenci.model.errors import Problem, SpecError
from extenci.model.service import SANDBOX, SANDBOX_ACCOUNT, SANDBOX_BUCKET, BundleKeys, Service
from extenci.spec.problems import problem
from extenci.spec.services.file import SANDBOX_TAKEN, read_service
from extenci.spec.words import quoted, shown

SANDBOX_STAND_IN = Service(
    name=SANDBOX,
    region="us-east-1",
    ec2="http://127.0.0.1",
    bucket=SANDBOX_BUCKET,
    bundle=BundleKeys("", "", "", SANDBOX_ACCOUNT),
)
"""Stands for the sandbox while specs are checked: the default abilities, and no port yet."""


@dataclass
class Library:
    """Service files by the service's name, each read when it is first needed."""

    files: dict[str, Path]
    problems: list[Problem] = field(default_factory=list)
    read: dict[str, Service | None] = field(default_factory=lambda: {SANDBOX: SANDBOX_STAND_IN})

    @property
    def names(self) -> tuple[str, ...]:
        """All known names, even of files with problems."""
        return tuple(sorted({SANDBOX, *self.files}))

    def find(self, name: str) -> Service | None:
        """The service, or None where its file has problems (which are noted) or there is none."""
        if name not in self.read and name in self.files:
            try:
                self.read[name] = read_service(self.files[name], name)
            except SpecError as error:
                self.problems += error.problems
                self.read[name] = None
        return self.read.get(name)


def open_library(catalog: Mapping[str, Path], of_root: Sequence[Path], *, check_all: bool = True) -> Library:
    """The library of a root. The catalog's files are read when they are used; so are the root's own, unless
    `check_all` has them all read now."""
    library = Library(dict(catalog))
    for path in of_root:
        name = path.stem
        other = library.files.get(name)
        if other is not None:
            where = "in the catalog" if name in catalog else "here"
            text = f"the service {quoted(name)} is defined twice, also {where}: {shown(other)}; remove one"
            library.problems.append(problem(path, text))
        elif name == SANDBOX:
            library.problems.append(problem(path, SANDBOX_TAKEN))
        else:
            library.files[name] = path
            if check_all:
                library.find(name)
    if SANDBOX in catalog:
        library.problems.append(problem(catalog[SANDBOX], SANDBOX_TAKEN))
    return library
