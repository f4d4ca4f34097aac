"""Numbers with their units, as people read them."""

from __future__ import annotations

UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")


def size(count: int) -> str:
    """Bytes in the largest unit that leaves at least 1: `512 bytes`, `1.5 MiB`, `200 MiB`, `16 GiB`."""
    place = unit_place(count)
    return f"{scaled(count, place)} {UNITS[place]}"


def unit_place(count: int) -> int:
    """The place in UNITS of the unit that a number of bytes is shown in."""
    place, bound = 0, 1024
    while abs(count) >= bound and place < len(UNITS) - 1:
        place, bound = place + 1, bound * 1024
    return place


def scaled(count: int, place: int) -> str:
    """A number of bytes in a unit: a whole number, or one decimal below 10. It is cut, never rounded up, so
    that an incomplete transfer never looks complete."""
    tenths = count * 10 // 1024**place
    if abs(tenths) < 100 and tenths % 10:
        return f"{tenths / 10:.1f}"
    return str(tenths // 10)


def portion(done: int, total: int) -> str:
    """`120 of 200 MiB`: both in the unit of the total."""
    place = unit_place(total)
    return f"{scaled(done, place)} of {scaled(total, place)} {UNITS[place]}"


def remainder(left: int, total: int) -> str:
    """`80 of 200 MiB left`: both in the unit of the total. It is rounded up, so that an incomplete transfer
    never looks complete."""
    place = unit_place(total)
    tenths = -(-left * 10 // 1024**place)
    shown = f"{tenths / 10:.1f}" if tenths < 100 and tenths % 10 else str(-(-tenths // 10))
    return f"{shown} of {scaled(total, place)} {UNITS[place]} left"


def rate(count: float, seconds: float) -> str:
    """Bytes per second, `85 MiB/s`; `""` if no time has passed."""
    return f"{size(int(count / seconds))}/s" if seconds > 0 else ""


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `2 min 5 s`, `1 h 3 min`, `2 d 4 h`: at most two units."""
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s".replace(".0 s", " s")
    whole = round(seconds)
    for length, unit, small, small_unit in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= length:
            rest = whole % length // small
            return f"{whole // length} {unit}" + (f" {rest} {small_unit}" if rest else "")
    return f"{whole} s"
