"""Text from elsewhere made safe inside GitHub's and GitLab's Markdown.

A tag must not mention people, close an issue, make a link, or break out of its table cell. Mentions and
references are found after Markdown is rendered, so escapes do not stop them; a zero-width space after
the sign does.
"""

from __future__ import annotations

from extenci.report.text.safe import safe

GAP = "&#8203;"

REPLACEMENTS = str.maketrans(
    {
        **{sign: f"\\{sign}" for sign in "\\`*_[]|~"},
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "@": f"@{GAP}",
        "#": f"#{GAP}",
        "!": f"!{GAP}",
        "$": "<span>$</span>",
    }
)


def markdown(text: object) -> str:
    """Markdown that shows exactly this text, on one line."""
    return (
        safe(text)
        .replace("://", ":\0//")
        .replace("www.", "www\0.")
        .translate(REPLACEMENTS)
        .replace("\0", GAP)
    )
