from __future__ import annotations

import pytest

from extenci.model.text import counted, listed
from extenci.report.text.columns import columns
from extenci.report.text.field_values import value_text
from extenci.report.text.quantities import duration, portion, rate, remainder, size
from extenci.report.text.safe import paragraph, safe


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (512, "512 bytes"),
        (1023, "1023 bytes"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (200 * 1024**2, "200 MiB"),
        (1024**3 - 1, "1023 MiB"),
        (16 * 1024**3, "16 GiB"),
        (3 * 1024**6, "3072 PiB"),
    ],
)
def test_sizes_are_cut_to_their_largest_unit(count: int, text: str) -> None:
    assert size(count) == text


def test_what_is_not_complete_never_looks_complete() -> None:
    assert portion(200 * 1024**2 - 1, 200 * 1024**2) == "199 of 200 MiB"
    assert portion(2 * 1024**3 - 1, 2 * 1024**3) == "1.9 of 2 GiB"
    assert portion(2 * 1024**3, 2 * 1024**3) == "2 of 2 GiB"
    assert remainder(1, 200 * 1024**2) == "0.1 of 200 MiB left"
    assert remainder(10 * 1024**2 + 1, 200 * 1024**2) == "11 of 200 MiB left"
    assert remainder(0, 200 * 1024**2) == "0 of 200 MiB left"


def test_a_rate_needs_time() -> None:
    assert rate(85 * 1024**2 * 2, 2) == "85 MiB/s"
    assert rate(5, 0) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"), (0.44, "0.4 s"), (3.0, "3 s"), (9.96, "10 s"),
        (12.3, "12 s"), (59.6, "1 min"), (125, "2 min 5 s"),
        (3600, "1 h"), (3785, "1 h 3 min"), (187_200, "2 d 4 h"), (-1, "0 s"),
    ],
)  # fmt: skip
def test_durations_have_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_lists_and_counts_read_as_sentences() -> None:
    assert [listed("abcde"[:n]) for n in range(6)] == [
        "", "a", "a and b", "a, b and c", "a, b, c and d", "a, b, c and 2 more",
    ]  # fmt: skip
    assert (counted(1, "machine"), counted(0, "machine")) == ("1 machine", "0 machines")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "(none)"),
        (True, "true"),
        ("true", '"true"'),
        ("", '""'),
        ("a b", '"a b"'),
        ('say "x"', '"say \\"x\\""'),
        ("(none)", '"(none)"'),
        (3, "3"),
        (1.5, "1.5"),
        ("3", '"3"'),
        (["a", "b c"], '[a, "b c"]'),
        ({"gib": 32, "encrypted": True}, "{gib: 32, encrypted: true}"),
        ("ab" * 32, "abababababab"),
        ("x" * 70, "x" * 59 + "…"),
    ],
)
def test_values_are_told_apart(value: object, text: str) -> None:
    assert value_text(value) == text


def test_unsafe_characters_are_shown_as_escapes_and_others_stay() -> None:
    assert (
        safe("é→日本 \x00\x1b\x85\u200b\u202e\u2028\ud800")
        == "é→日本 \\x00\\x1b\\x85\\u200b\\u202e\\u2028\\ud800"
    )


def test_long_words_are_not_broken() -> None:
    assert paragraph("from /a/very-long-path/that-does-not-fit yes", 24, "  ") == [
        "  from",
        "  /a/very-long-path/that-does-not-fit",
        "  yes",
    ]


def test_columns_are_as_wide_as_needed() -> None:
    assert columns([("A", "B"), ("long", None), ("x", "y\n")], " ") == [" A     B", " long", " x     y\\n"]
