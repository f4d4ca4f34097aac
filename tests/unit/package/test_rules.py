"""Rules over the whole tree that import-linter cannot see."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import extenci
from extenci.model.launch import Launch
from extenci.model.version import Method

PACKAGE = Path(extenci.__file__).parent
MAY_NAME = {"spec", "model", "launch", "stage"}
"""Who may name an engine or a staging method; everybody else asks what it can."""
MOST_LINES = 300
MOST_FILES = 16


def named(tree: ast.Module) -> Iterator[str]:
    names = {(one.__name__, member.name) for one in (Launch, Method) for member in one}
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=enum), attr=member) if (enum, member) in names:
                yield f"{enum}.{member}"


def test_engines_and_staging_methods_are_named_where_they_are_made_only() -> None:
    users = {
        (str(path.relative_to(PACKAGE)), name)
        for path in PACKAGE.rglob("*.py")
        for name in named(ast.parse(path.read_text("utf-8")))
        if path.relative_to(PACKAGE).parts[0] not in MAY_NAME
    }
    assert users == set()


KNOWS_HOSTS = {"model/abilities.py", "model/service.py", "spec/services/fields.py"}
"""Which hosts are AWS's, what the endpoint of a region is called, and an example in a message."""


def test_only_abilities_tell_one_kind_of_cloud_from_another() -> None:
    users = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if "amazonaws" in path.read_text("utf-8") and path.relative_to(PACKAGE).parts[0] != "sandbox"
    }
    assert users - KNOWS_HOSTS == set()


def test_no_file_is_too_long_to_be_read() -> None:
    lengths = {
        path.relative_to(PACKAGE): len(path.read_text("utf-8").splitlines()) for path in PACKAGE.rglob("*.py")
    }
    assert {str(path): lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_no_folder_holds_too_many_files() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    counts = {folder: len([*folder.glob("*.py")]) - 1 for folder in folders}
    # Values that all parts share, one flat vocabulary; one file a job, and one a command.
    allowed = {PACKAGE / "model": 28, PACKAGE / "api": 28, PACKAGE / "cli" / "commands": 28}
    assert {
        str(folder): count for folder, count in counts.items() if count > allowed.get(folder, MOST_FILES)
    } == {}


def imports(path: Path, modules: set[str]) -> Iterator[str]:
    """The modules of the package that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in modules else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_module_imports_itself_by_way_of_others() -> None:
    """import-linter knows folders; this knows files, and imports within functions and for types, too."""
    paths = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for path in PACKAGE.rglob("*.py")
    }
    left = {name: set(imports(path, set(paths))) & set(paths) - {name} for name, path in paths.items()}
    while leaves := {name for name, needed in left.items() if not needed & set(left)}:
        left = {name: needed for name, needed in left.items() if name not in leaves}
    assert {name: sorted(needed & set(left)) for name, needed in left.items()} == {}


def test_clients_are_opened_where_trust_is_required() -> None:
    """A service file of a spec repository may use only what this user allowed."""
    makers = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Clients"
    }
    assert makers == {"api/session.py"}


def test_servers_of_tests_ask_no_name_service() -> None:
    """`HTTPServer` does as it binds, and hangs where /etc/hosts is missing."""
    tests = Path(__file__).parents[2]
    users = {
        str(path.relative_to(tests))
        for path in tests.rglob("*.py")
        if "HTTPServer" in path.read_text("utf-8") and path != Path(__file__)
    }
    assert users == {"http_server.py"}
