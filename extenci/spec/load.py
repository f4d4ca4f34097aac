"""A spec root → Desired, with every problem of every file at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from extenci.model.desired import Desired
from extenci.model.errors import Problem, SpecError, UsageError
from extenci.model.service import SANDBOX, Service
from extenci.model.text import listed
from extenci.spec.files.recognition import describe_others, find_candidates, is_spec
from extenci.spec.files.root_files import RootFiles, list_files
from extenci.spec.own_file import NOTHING_ALLOWED, AllowedPaths
from extenci.spec.problems import problem, to_problems
from extenci.spec.resolve import Resolution, resolve
from extenci.spec.root import SETTINGS_FILE, Root, find_common_root, read_root, resolve_path
from extenci.spec.selection import find_selected_files, select
from extenci.spec.services.library import Library, open_library
from extenci.spec.spec_file import SpecDocument, read_spec_file
from extenci.spec.words import quoted
from extenci.spec.yaml.document import Mark
from extenci.spec.yaml.files import LARGEST_FILE
from extenci.spec.yaml.load import load_document

DEFAULT_STACK = "default"

LARGEST_ROOT = 8 << 20
"""Bytes of all spec files together; reading them takes up to half a minute."""


def load_desired(
    paths: Sequence[Path],
    *,
    catalog_services: Mapping[str, Path],
    sandbox: Service | Callable[[], Service],
    service: str | None = None,
    targets: Sequence[str] = (),
    excluded: Sequence[str] = (),
    allowed: AllowedPaths = NOTHING_ALLOWED,
    tell: Callable[[str], None] = lambda _line: None,
) -> Desired:
    """Everything that the root of `paths` asks for (the current folder's where there are none), narrowed
    to the paths, to `service` and to `targets`, without those `excluded`.

    `catalog_services` are the catalog's service files by name, read only where a spec uses them.
    `allowed` are the paths outside of the root that its specs may name.
    `sandbox` is the built-in service, or a function that makes it, called only for valid specs that use it.
    `tell` is given a line about YAML files that were passed over, since they do not say that they are specs.
    SpecError has all problems of all files; UsageError says what cannot be selected.
    """
    paths = paths or [Path()]
    root = read_root(find_common_root(paths))
    files = list_files(root)
    _raise_if_any(_find_roots_below(root, files))
    library = open_library(catalog_services, files.services, check_all=root.settings is not None)
    documents = _read_specs(files, library, frozenset(map(resolve_path, paths)))
    specs = [one.document.path for one in documents]
    selected = find_selected_files(root.folder, paths, specs)
    passed_over = describe_others(root.folder, [path for path in files.yaml if path not in set(specs)])
    if passed_over and specs:
        tell(passed_over)
    resolution = resolve(root.folder, documents, library, allowed)
    problems = [*_find_problems(root, files, documents, passed_over), *library.problems, *resolution.problems]
    stack, missing = _find_stack(root, resolution)
    _raise_if_any([*problems, *missing])
    selection = select(documents, selected, service, targets, excluded)
    services = dict(resolution.services)
    if SANDBOX in services and service in (None, SANDBOX):
        services[SANDBOX] = sandbox if isinstance(sandbox, Service) else sandbox()
    return Desired(
        stack=stack,
        root=str(root.folder),
        services=dict(sorted(services.items())),
        images=tuple(sorted(resolution.images, key=lambda image: image.address)),
        instances=tuple(sorted(resolution.instances, key=lambda group: group.address)),
        selection=selection,
        root_id=root.root_id,
    )


def _read_specs(files: RootFiles, library: Library, named: frozenset[Path]) -> list[SpecDocument]:
    """The specs among the YAML files: those `named`, and those that say so."""
    candidates = find_candidates(files.yaml, named)
    _require_small(candidates)
    documents = map(load_document, candidates)
    return [
        read_spec_file(document)
        for document in documents
        if document.top is None or document.path in named or is_spec(document.top, library.names)
    ]


def _require_small(paths: Iterable[Path]) -> None:
    size = 0
    for path in paths:
        with contextlib.suppress(OSError):
            size += min(path.stat().st_size, LARGEST_FILE)
    if size > LARGEST_ROOT:
        raise UsageError(
            f"The spec files are {size >> 20} MiB together; at most {LARGEST_ROOT >> 20} MiB are read.",
            "Name a folder of specs, or list files other than specs under 'ignore' in extenci.yaml.",
        )


def _find_roots_below(root: Root, files: RootFiles) -> list[Problem]:
    if not files.roots:
        return []
    nearest = sorted(files.roots, key=lambda path: (len(path.parts), path))
    names = listed(quoted(str(path.relative_to(root.folder))) for path in nearest)
    which = "a spec root is" if len(files.roots) == 1 else "spec roots are"
    text = f"has no {SETTINGS_FILE}, and {which} below it: {names}; name the one that is meant"
    return [problem(root.folder, text)]


def _find_problems(
    root: Root, files: RootFiles, documents: Sequence[SpecDocument], passed_over: str
) -> list[Problem]:
    problems = list(to_problems(root.folder / SETTINGS_FILE, root.faults))
    problems += [problem(path, message) for path, message in files.faults]
    for document in documents:
        problems += to_problems(document.document.path, document.faults)
    if not documents and not problems:
        text = "holds no spec files (*.yaml); to remove what they made, put them back and run extenci destroy"
        problems.append(problem(root.folder, f"{text}. {passed_over}".rstrip(". ")))
    return problems


def _find_stack(root: Root, resolution: Resolution) -> tuple[str, list[Problem]]:
    if root.stack is not None:
        return root.stack, []
    away = sorted(name for name, found in resolution.services.items() if not found.on_loopback)
    if not away or root.faults:
        return DEFAULT_STACK, []
    text = (
        f"{'must' if root.settings else 'does not exist, and must'} say 'stack: NAME', since "
        f"{quoted(away[0])} is not on this machine: everything made from these specs "
        "carries that name, and nothing else is ever touched"
    )
    return DEFAULT_STACK, [problem(root.folder / SETTINGS_FILE, text, Mark(1, 1) if root.settings else None)]


def _raise_if_any(problems: Iterable[Problem]) -> None:
    found = tuple(sorted(set(problems)))
    if found:
        raise SpecError(found)
