"""The pages of the documentation, which are part of the package."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from extenci.model.errors import UsageError
from extenci.model.text import either

FOLDER = Path(__file__).parents[1] / "docs"
MOST_SUGGESTIONS = 3


@dataclass(frozen=True)
class Page:
    """A page: its name, such as `guides/aws`, its title, and its text in Markdown."""

    name: str
    title: str
    text: str

    @property
    def short_name(self) -> str:
        """The name without its folder: `aws`."""
        return self.name.rpartition("/")[2]


@cache
def find_pages() -> Mapping[str, Page]:
    """All pages by name, in the order of the first one's links, and then of their names."""
    files = {path.relative_to(FOLDER).with_suffix("").as_posix(): path for path in FOLDER.rglob("*.md")}
    linked = re.findall(r"\]\(([\w/.-]+)\.md", files["index"].read_text("utf-8"))
    return {
        name: _read(name, files[name])
        for name in dict.fromkeys(["index", *linked, *sorted(files)])
        if name in files
    }


def _read(name: str, path: Path) -> Page:
    text = path.read_text("utf-8")
    return Page(name, text.partition("\n")[0].removeprefix("# "), text)


def find_page(name: str) -> Page:
    """The page of a name, with or without its folder. UsageError suggests others where there is none."""
    pages = find_pages()
    wanted = name.strip().lower().removesuffix(".md").strip("/")
    found = pages.get(wanted) or next((page for page in pages.values() if page.short_name == wanted), None)
    if found is not None:
        return found
    close = [f"`extenci help {one}`" for one in suggest_pages(wanted)]
    hint = f"Did you mean {either(close)}? " if close else ""
    raise UsageError(f"There is no topic {name!r}.", f"{hint}`extenci help` lists all topics.")


def suggest_pages(wanted: str) -> list[str]:
    """The short names of pages that come close to a word, or else have it in a title or heading."""
    names = {page.short_name: page for page in find_pages().values()}
    close = difflib.get_close_matches(wanted, list(names), n=MOST_SUGGESTIONS, cutoff=0.6)
    if close or not wanted:
        return close
    word = re.compile(rf"^#.*\b{re.escape(wanted)}|`{re.escape(wanted)}`", re.MULTILINE | re.IGNORECASE)
    counts = {name: len(word.findall(page.text)) for name, page in names.items()}
    found = sorted((name for name, count in counts.items() if count), key=lambda name: -counts[name])
    return found[:MOST_SUGGESTIONS]
