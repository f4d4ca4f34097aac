"""Pages of Markdown as text for a terminal, or for a pipe."""

from __future__ import annotations

import io
import re
import textwrap

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown
from rich.syntax import Syntax
from rich.text import Text

COMMENT = re.compile(r"^<!--.*?-->\n+", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[([^\]]+)\]\((?:\.\./)*(?:[\w-]+/)*([\w-]+)\.md(?:#[\w-]*)?\)")
BLANKS = re.compile(r"\n{3,}")
ANCHOR = re.compile(r"\[([^\]]+)\]\(#[\w-]*\)")


class PlainHeading(Heading):
    """A heading at the left, under which nothing is drawn."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield its line, with an empty one above."""
        if self.tag != "h1":
            yield Text("")
        yield Text(self.text.plain, style="bold underline" if self.tag == "h1" else "bold")


class WholeLines(CodeBlock):
    """Code, indented by two, whose lines are never broken: they may be copied."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the code, with empty lines around it."""
        code = textwrap.indent(str(self.text).rstrip(), "  ")
        lines = Syntax("", self.lexer_name, theme=self.theme, background_color="default").highlight(code)
        lines.no_wrap, lines.overflow = True, "ignore"
        yield Text("")
        yield lines


class Page(Markdown):
    """Markdown as the pages of the documentation have it."""

    elements = {  # noqa: RUF012 - as its base has it
        **Markdown.elements,
        "heading_open": PlainHeading,
        "fence": WholeLines,
        "code_block": WholeLines,
    }

    def quote_code(self) -> None:
        """Keep the backquotes of code within sentences, which tell it apart where there is no colour."""
        for token in self.parsed:
            for part in token.children or ():
                if part.type == "code_inline":
                    part.content = f"`{part.content}`"


def render_page(text: str, *, width: int, coloured: bool) -> str:
    """A page as lines of at most `width` characters, except for code, which is never broken. Links to other
    pages become names of topics below it."""
    topics = dict.fromkeys(found[2] for found in LINK.finditer(text))
    text = ANCHOR.sub(r"\1", LINK.sub(r"\1", COMMENT.sub("", text)))
    if topics:
        text += f"\nSee also (`extenci help TOPIC`): {', '.join(topics)}.\n"
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=coloured,
        color_system="standard" if coloured else None,
        legacy_windows=False,
        highlight=False,
    )
    page = Page(text, code_theme="ansi_dark", hyperlinks=False)
    if not coloured:
        page.quote_code()
    console.print(page, crop=False)
    lines = "\n".join(line.rstrip() for line in out.getvalue().splitlines())
    return BLANKS.sub("\n\n", lines).strip("\n") + "\n"
