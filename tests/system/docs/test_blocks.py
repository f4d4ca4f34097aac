"""What cannot be run here is still right: YAML validates, commands and their options are extenci's."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from ruamel.yaml import YAML
from typer.core import TyperGroup

from extenci.cli.main import app
from extenci.spec.format import SpecFile
from extenci.spec.root import RootFile
from extenci.spec.services.format import ServiceFile
from extenci.spec.settings.file import SettingsFile
from extenci.spec.validation.faults import validate
from extenci.spec.validation.strict import Strict
from extenci.spec.yaml.load import load_document
from tests.system.docs.blocks import DOCS, ROOT, Block, all_pages, blocks_of, command_lines

PAGES = [*all_pages(), ROOT / "README.md"]
BLOCKS = [block for page in PAGES for block in blocks_of(page)]
YAML_BLOCKS = [block for block in BLOCKS if block.language == "yaml"]
PROGRAMS = {
    "extenci": (),
    "extenci-catalog": ("catalog",),
    "extenci-control": ("control",),
    "extenci-stage": ("stage",),
    "extenci-test-vm": ("test-vm",),
}
FORMS: tuple[type[Strict], ...] = (SpecFile, ServiceFile, RootFile, SettingsFile)
WIDEST_CODE = 78
ROOT_COMMAND = typer.main.get_command(app)


def place_of(block: Block) -> str:
    return block.place


def form_of(keys: set[str]) -> type[Strict] | None:
    """The format whose keys a block has; None where no format has all of them."""
    return next((form for form in FORMS if keys <= set(form.model_fields)), None)


@pytest.mark.parametrize("block", YAML_BLOCKS, ids=place_of)
def test_yaml_is_a_valid_spec_service_or_setting(block: Block, tmp_path: Path) -> None:
    keys = set(YAML(typ="safe", pure=True).load(block.text))
    if block.mark == "not ours":
        return
    form = form_of(keys)
    assert form is not None, (
        f"{block.place} is no file of extenci; if it is not to be, say <!-- not ours: WHOSE -->"
    )
    part = form is SpecFile and "service" not in keys
    file = tmp_path / "block.yaml"
    file.write_text(f"service: sandbox\n{block.text}" if part else block.text, "utf-8")
    _, faults = validate(form, load_document(file))
    assert [f"{block.place}: {fault.message}" for fault in faults] == []


def calls_of(line: str) -> Iterator[list[str]]:
    """The calls of extenci in a line of a shell, as arguments of `extenci`."""
    reader = shlex.shlex(line, posix=True, punctuation_chars=True)
    reader.commenters = "#" if re.search(r"(^|\s)#", line) else ""
    reader.whitespace_split = True
    words: list[str] = []
    for word in [*reader, ";"]:
        if set(word) <= set("();<>|&") or word == "||":
            while words and words[0] not in PROGRAMS and is_before_a_command(words[0]):
                words.pop(0)
            if words and words[0] in PROGRAMS:
                yield [*PROGRAMS[words[0]], *words[1:]]
            words = [] if word not in ("<", ">", ">>") else ["the name of a file"]
        else:
            words.append(word)


def is_before_a_command(word: str) -> bool:
    """`if`, `!`, `VARIABLE=value` and the like."""
    return (
        word in ("if", "!", "then", "do", "while", "nice", "time", "$")
        or re.match(r"[A-Z_]+=", word) is not None
    )


def parse(arguments: list[str]) -> None:
    """Have the command line parse arguments without doing anything. typer's errors are raised."""
    command, rest = ROOT_COMMAND, list(arguments)
    while rest and not rest[0].startswith("-") and isinstance(command, TyperGroup):
        _, below, rest = command.resolve_command(typer.Context(command), rest)
        assert below is not None
        command = below
    command.make_context("extenci", rest)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_their_options_are_there(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTENCI_TRUST", "")
    wrong = []
    for block in blocks_of(page):
        for line in command_lines(block):
            for arguments in calls_of(line):
                try:
                    parse(arguments)
                except typer.Exit:  # --version and --help
                    pass
                except typer.TyperException as error:
                    wrong.append(f"{block.place}: extenci {shlex.join(arguments)}: {error}")
    assert wrong == []


def test_no_page_has_this_repositorys_tests_run() -> None:
    """A reader's folder has none of them, and they take minutes."""
    followed = [block for block in BLOCKS if not block.mark and block.page != ROOT / "README.md"]
    wrong = [
        f"{block.place}: {line}: say <!-- not run: REASON -->"
        for block in followed
        for line in command_lines(block)
        if re.search(r"python -m (?:tests\b|pytest tests\b)", line)
    ]
    assert wrong == []


def names_of(command: object, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The names of a command and of those below it."""
    yield above
    for name, below in getattr(command, "commands", {}).items():
        yield from names_of(below, (*above, name))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_sentences_are_there(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    names = {name[0] for name in names_of(ROOT_COMMAND) if name}
    named = re.findall(r"`extenci ([a-z][a-z-]*)[^`]*`", text)
    assert set(named) - names == set()


def test_links_lead_to_pages_and_headings_that_are_there() -> None:
    broken = []
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text("utf-8")):
            file, _, anchor = target.partition("#")
            path = (page.parent / file).resolve() if file else page
            if not path.exists() or (anchor and anchor not in anchors_of(path)):
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def anchors_of(page: Path) -> set[str]:
    """The anchors of a page's headings, as Python-Markdown and GitHub make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", one).strip().lower()) for one in headings}


def test_code_fits_a_terminal_of_80_columns() -> None:
    """It is indented by two there, and never broken, so that it can be copied."""
    long = [
        f"{block.place}: {line}"
        for block in BLOCKS
        if block.language not in ("text", "console")
        for line in block.text.splitlines()
        if len(line) > WIDEST_CODE and " " in line.strip()
    ]
    assert long == []


def test_json_in_pages_is_json() -> None:
    for block in BLOCKS:
        if block.language == "json":
            json.loads(block.text)


def test_every_page_is_reached_from_the_first() -> None:
    linked = set(re.findall(r"\]\(([\w/.-]+\.md)", (DOCS / "index.md").read_text("utf-8")))
    assert {str(page.relative_to(DOCS)) for page in all_pages()} - linked == {"index.md"}
