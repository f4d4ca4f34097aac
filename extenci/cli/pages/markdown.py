"""Pages of Markdown as text for a terminal, or for a pipe."""

from __future__ import annotations

import io
import re

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Heading, Markdown
from rich.text import Text

COMMENT = re.compile(r"^<!--.*?-->\n+", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[([^\]]+)\]\((?:\.\./)*(?:[\w-]+/)*([\w-]+)\.md(?:#[\w-]*)?\)")
CODE = re.compile(r"(?<!`)(`[^`\n]+`)(?!`)")
"""Code within a sentence. Where there is no colour, the backquotes stay, to tell it apart."""
BLANKS = re.compile(r"\n{3,}")
ANCHOR = re.compile(r"\[([^\]]+)\]\(#[\w-]*\)")


class PlainHeading(Heading):
    """A heading at the left, under which nothing is drawn."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield its line, with an empty one above."""
        if self.tag != "h1":
            yield Text("")
        yield Text(self.text.plain, style="bold underline" if self.tag == "h1" else "bold")


class Page(Markdown):
    """Markdown as the pages of the documentation have it."""

    elements = {  # noqa: RUF012 - as its base has it
        **Markdown.elements,
        "heading_open": PlainHeading,
    }


def render_page(text: str, *, width: int, coloured: bool) -> str:
    """A page as lines of at most `width` characters. Links to other pages become names of topics below it."""
    topics = dict.fromkeys(found[2] for found in LINK.finditer(text))
    text = ANCHOR.sub(r"\1", LINK.sub(r"\1", COMMENT.sub("", text)))
    if topics:
        text += f"\nSee also (`extenci help TOPIC`): {', '.join(topics)}.\n"
    if not coloured:
        text = CODE.sub(r"`` \1 ``", text)
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=coloured,
        color_system="standard" if coloured else None,
        legacy_windows=False,
        highlight=False,
    )
    console.print(Page(text, code_theme="ansi_dark", hyperlinks=False))
    lines = "\n".join(line.rstrip() for line in out.getvalue().splitlines())
    return BLANKS.sub("\n\n", lines).strip("\n") + "\n"
