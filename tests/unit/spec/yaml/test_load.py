"""YAML that is meant to hurt, and values that YAML's versions disagree about."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extenci.spec.yaml.document import Mark, Plain, Unreadable, locate, plain
from extenci.spec.yaml.load import compose

MIB = 1 << 20


def laughs(levels: int) -> str:
    lines = (f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, levels))
    return "\n".join(["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]", *lines])


def merge_bomb() -> str:
    keys = ", ".join(f"k{number}: 1" for number in range(1000))
    return "a: &a {%s}\nb: {<<: [%s]}" % (keys, ", ".join(["*a"] * 20000))  # noqa: UP031 - braces


def ladder() -> str:
    """Each alias nests 40 levels more: short, and endlessly deep."""
    lines = (f"a{step}: &a{step} {'[' * 40}*a{step - 1} {']' * 40}" for step in range(1, 30))
    return "\n".join([f"a0: &a0 {'[' * 40}{']' * 40}", *lines])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (laughs(20), "more than 300,000 values"),
        (merge_bomb(), "more than 300,000 values"),
        (ladder(), "more than 50 levels of nesting"),
        ("[" * MIB, "too long"),
        ("[" * 90_000, "more than 50 levels of nesting"),
        ("{a: " * 20_000, "more than 50 levels of nesting"),
        ("- " * 40_000, "more than 50 levels of nesting"),
        ("".join(" " * depth + "a:\n" for depth in range(1000)), "more than 50 levels of nesting"),
        ("a: !" + "x" * (MIB // 2), "too long"),
        ("a: &a {b: *a}", "stands inside what it refers to"),
        ("%YAML 1." + "9" * 5000 + "\n---\na: 1", "cannot be read as YAML"),
        ('"\\UFFFFFFFF"', "cannot be read as YAML"),
    ],
    ids=lambda value: value[:12],
)
def test_hostile_yaml_is_refused_quickly(text: str, expected: str) -> None:
    begin = time.process_time()
    with pytest.raises(Unreadable, match=expected):
        compose(text)
    assert time.process_time() - begin < 2


def test_aliases_take_no_memory_of_their_own() -> None:
    top, _ = compose("a: &a [1, 2]\nb: *a\nc: {<<: {d: *a}}")
    assert locate(top, ("a",))[1].node is locate(top, ("c", "d"))[1].node


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("True", True),
        ("12", 12),
        ("-0", 0),
        ("0o17", 15),
        ("0x1f", 31),
        ("1_000", "1_000"),
        ("0.05", Decimal("0.05")),
        ("1e3", Decimal("1e3")),
        ("1:30", "1:30"),
        ("2026-11-24", "2026-11-24"),
        ("~", None),
        ('""', ""),
        ("9" * 41, "9" * 41),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ('"\\ud83d\\ude00"', "😀"),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text: str, value: Plain) -> None:
    top, faults = compose(f"a: {text}")
    assert faults == []
    assert plain(top) == {"a": value}
    assert type(plain(locate(top, ("a",))[1].node)) is type(value)


def test_prices_stay_exact() -> None:
    top, _ = compose("[0.1, 0.30000000000000004, 1.10]")
    assert [str(price) for price in plain(top)] == ["0.1", "0.30000000000000004", "1.10"]  # type: ignore[union-attr]


def test_own_keys_win_over_merged_ones_and_earlier_merges_over_later() -> None:
    top, faults = compose("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {z: 3, <<: [*a, *b]}\nd: {'<<': 1}")
    assert faults == []
    assert plain(top)["c"] == {"x": 1, "y": 1, "z": 3}  # type: ignore[call-overload,index]
    assert plain(top)["d"] == {"<<": 1}  # type: ignore[call-overload,index]


def test_a_value_is_found_where_it_was_written() -> None:
    top, _ = compose("a: &a\n  - x: 1\nb:\n  <<: {c: *a}\n")
    assert locate(top, ("b", "c", 0, "x"))[1].mark == Mark(2, 5)
    assert locate(top, ("b", "made up", "c"))[0] == ("b", "c")


YAML_ALPHABET = "ab1.-:,?[]{}&*!|>'\"%@`#<~ \t\n\\/=xu\x85\u2028é😀"


def composed(text: str) -> bool:
    """Whether a text is a document, or has a fault at a place in it; other exceptions pass through."""
    try:
        plain(compose(text)[0])
    except Unreadable as unreadable:
        return bool(unreadable.fault.message) and unreadable.fault.mark.line <= text.count("\n") + 2
    return True


@settings(deadline=None)
@given(st.text(alphabet=YAML_ALPHABET, max_size=60) | st.text(max_size=60))
def test_any_text_is_a_document_or_unreadable(text: str) -> None:
    assert composed(text)


WORDS = st.sampled_from(
    [
        "a",
        "&a",
        "*a",
        "- ",
        "? ",
        ": ",
        "\n",
        "  ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "!!str ",
        "!x ",
        "<<",
        "|\n",
        "'",
        '"',
        "---",
    ]
)


@settings(deadline=None)
@given(st.lists(WORDS, max_size=40).map("".join))
def test_any_row_of_yaml_tokens_is_a_document_or_unreadable(text: str) -> None:
    assert composed(text)
