"""Rows in columns."""

from __future__ import annotations

from collections.abc import Sequence

from extenci.report.text.safe import safe


def columns(rows: Sequence[Sequence[object]], indent: str = "") -> list[str]:
    """Lines of left-aligned columns, two spaces apart, without trailing spaces. Every row has as many cells
    as the first; None is an empty cell."""
    cells = [["" if cell is None else safe(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        (indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in cells
    ]
