"""`python -m tests.reference`: write the pages of extenci/docs/reference that are made from the program."""

from __future__ import annotations

from tests.reference.pages import PAGES

for path, make in PAGES.items():
    path.write_text(make(), "utf-8")
    print(path)
