"""HTML as a tree of elements: text becomes text, whatever is in it, since nothing is ever pasted together."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, tostring

from extenci.report.text.safe import safe

INLINE = frozenset({"a", "b", "code", "del", "ins", "span", "summary", "text", "td", "th", "title"})
"""Elements that are followed by a space; a line break follows all others."""


def add(parent: Element, tag: str, text: object = "", **attributes: object) -> Element:
    """Put an element into another and return it. `class_` stands for `class`, `view_box` for `viewBox`."""
    names = {"class_": "class", "view_box": "viewBox", "data_label": "data-label", "http_equiv": "http-equiv"}
    known = {names.get(name, name): safe(value) for name, value in attributes.items()}
    element = SubElement(parent, tag, known)
    element.text = safe(text)
    element.tail = " " if tag in INLINE else "\n"
    return element


def document(root: Element) -> str:
    """The document, in ASCII: other characters as references, so that it is the same in any encoding."""
    content: bytes = tostring(root, encoding="us-ascii", method="html")
    return f"<!DOCTYPE html>\n{content.decode('ascii')}\n"
