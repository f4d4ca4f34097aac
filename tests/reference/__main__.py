"""`python -m tests.reference`: write the pages of extenci/docs that are made from the program."""

from __future__ import annotations

from tests.reference.man import FOLDER, man_pages
from tests.reference.pages import PAGES

FOLDER.mkdir(exist_ok=True)
for old in FOLDER.glob("*.1"):
    old.unlink()
for path, text in man_pages().items():
    path.write_text(text, "utf-8")

for path, make in PAGES.items():
    path.write_text(make(), "utf-8")
    print(path)
