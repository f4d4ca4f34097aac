"""Submit descriptions of HTCondor's jobs, below the plan that they belong to."""

from __future__ import annotations

from collections.abc import Mapping

from extenci.report.text.safe import safe


def submits_text(submits: Mapping[str, str]) -> str:
    """Each description, indented under the id of its change."""
    return "".join(
        f"\nSubmit description of {safe(change)}:\n"
        + "".join(f"  {safe(line)}\n" for line in text.splitlines())
        for change, text in submits.items()
    )


def submits_markdown(submits: Mapping[str, str]) -> str:
    """Each description as a block of code to unfold."""
    return "".join(
        f"\n<details><summary>Submit description of {safe(change)}</summary>\n\n"
        + "".join(f"    {safe(line)}\n" for line in text.splitlines())
        + "\n</details>\n"
        for change, text in submits.items()
    )
