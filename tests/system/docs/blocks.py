"""The pages of the documentation, and the fenced blocks in them.

How a block is tried follows from its language, and from a comment on the line above it:

- `sh`: run, in the order of the page, in one shell whose folder and variables stay from block to block;
- `console`: its `$ ` lines are run likewise, and print what is shown under them (a line `…`: any lines);
- `python`: run as a program, in the same folder;
- `yaml`: validated as what its keys show it to be. One whose first line is `# PATH` is also
  written to that file of the page's folder, for the commands that follow;
- `<!-- not run: REASON -->`: its commands must parse, its YAML must still be valid;
- `<!-- not ours: REASON -->`: YAML of another program; it must be YAML.

Other languages, such as `text`, are shown only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "extenci" / "docs"

_FENCE = re.compile(
    r"(?:^<!-- (?P<mark>not run|not ours): (?P<reason>[^\n]+?) -->\n+)?"
    r"^```(?P<language>\w+)[^\n]*\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page. `mark` is "not run", "not ours" or ""; `line` counts from 1."""

    page: Path
    line: int
    language: str
    text: str
    mark: str = ""

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def file(self) -> str:
        """The path in its first line, `# PATH`, or ''."""
        found = re.match(r"# ([\w./-]+\.ya?ml)\b", self.text)
        return found[1] if found else ""


@dataclass(frozen=True)
class Shown:
    """A command of a console block, and the lines shown under it."""

    command: str
    output: tuple[str, ...]


def all_pages() -> list[Path]:
    """Every page, sorted."""
    return sorted(DOCS.rglob("*.md"))


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page, from first to last."""
    text = page.read_text("utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, found.start("language")) + 1,
            found["language"],
            found["text"],
            found["mark"] or "",
        )
        for found in _FENCE.finditer(text)
    ]


def shown_commands(block: Block) -> list[Shown]:
    """The commands of a console block."""
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]
    return [
        Shown(command, tuple(output))
        for command, *output in (part.rstrip("\n").split("\n") for part in parts)
    ]


def command_lines(block: Block) -> Iterator[str]:
    """The shell's lines of a block, continued ones joined."""
    if block.language == "console":
        yield from (shown.command for shown in shown_commands(block))
    elif block.language == "sh":
        yield from block.text.replace("\\\n", " ").splitlines()
