"""extenci/docs/architecture.md is true: what it names is there, and it leaves no folder out."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import extenci

PACKAGE = Path(extenci.__file__).parent
ROOT = PACKAGE.parent
TEXT = (PACKAGE / "docs" / "architecture.md").read_text("utf-8")
CODE = re.findall(r"`([^`\n]+)`", TEXT)


def folders_of_table() -> list[str]:
    """The folders of the first table, from top to bottom."""
    rows = re.findall(r"^\| ((?:`\w+`(?: · )?)+) \|", TEXT, re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`(\w+)`", row)]


def test_every_folder_has_its_sentence() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert set(folders_of_table()) == folders


def test_the_order_of_the_folders_is_what_import_linter_holds() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = contracts[0]["layers"]
    assert [name for layer in layers for name in re.findall(r"extenci\.(\w+)", layer)] == folders_of_table()


def test_what_it_names_is_there() -> None:
    named = [
        one for one in CODE if re.fullmatch(r"(?:extenci/|tests/)?[\w/]+(?:\.py|/)?", one) and "/" in one
    ]
    real = [one for one in named if "NAME" not in one]
    assert len(real) > 20
    missing = [one for one in real if not ((ROOT / one).exists() or (PACKAGE / one).exists())]
    assert missing == []
