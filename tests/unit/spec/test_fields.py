"""Values of single keys, read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from extenci.model.ownership import TAG_KEYS_LIMIT
from extenci.spec.services.fields import KeyPath, Url
from extenci.spec.validation.duration import in_words, read_seconds
from extenci.spec.validation.fields import (
    MOST_TAGS,
    Regex,
    Source,
    Tags,
    UserData,
    read_price,
    require_short_keys,
)
from extenci.spec.validation.strict import Strict


def read(kind: Any, value: object) -> object:
    """A value as one of the kinds of values; ValidationError where it is none."""
    return TypeAdapter(kind, config=Strict.model_config).validate_python(value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("24h", 86400), ("7d", 604800), ("1h30m", 5400), ("1d1h1m1s", 90061)],
)
def test_a_time_is_read_as_seconds(text: str, seconds: int) -> None:
    assert read_seconds(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "s", "10", "10 m", "m10", "1m1h", "-1m", "1.5h", "10M", "\uff11\uff10m", 10, None, True]
)
def test_what_is_no_time_is_refused(text: object) -> None:
    with pytest.raises(PydanticCustomError):
        read_seconds(text)


def test_seconds_are_written_in_the_largest_unit_that_fits() -> None:
    assert [in_words(seconds) for seconds in (1, 60, 90, 3600, 86400)] == ["1s", "1m", "90s", "1h", "1d"]


@pytest.mark.parametrize(
    ("value", "price"),
    [
        (Decimal("0.050"), "0.05"),
        (1, "1"),
        (Decimal("1e1"), "10"),
        (Decimal("1E-6"), "0.000001"),
        (10000, "10000"),
    ],
)
def test_a_price_is_text_without_superfluous_zeros(value: object, price: str) -> None:
    assert read_price(value) == price


@pytest.mark.parametrize("value", [0, -1, True, "0.05", Decimal("NaN"), Decimal("Infinity"), 10001, None])
def test_what_is_no_price_is_refused(value: object) -> None:
    with pytest.raises(PydanticCustomError):
        read_price(value)


@pytest.mark.parametrize("source", ["a.raw", "../a b.qcow2", "s3://b/k", "https://h/k", "C:/x", "a:b", "~/x"])
def test_sources_are_paths_and_two_kinds_of_urls(source: str) -> None:
    assert read(Source, source) == source


@pytest.mark.parametrize(
    "source",
    [
        "http://h/k",
        "file:///x",
        "S3://b/k",
        "",
        "a\0b",
        3,
        "~no-such-user-here/x",
        "https://h",
        "https://h/",
        "https:///k",
        "https://h:0/k",
        "https://h:x/k",
        "https://h/a b",
        "https://user:secret@h/k",
        "s3://b",
        "s3://b/",
        "s3:///k",
        "s3://a@b/k",
    ],
)
def test_other_sources_are_refused(source: object) -> None:
    with pytest.raises(ValidationError):
        read(Source, source)


def test_a_password_in_a_url_is_not_repeated() -> None:
    with pytest.raises(ValidationError) as caught:
        read(Source, "https://user:hunter2@h/k")
    assert "hunter2" not in str(caught.value)


def test_a_regular_expression_that_python_warns_about_is_still_one() -> None:
    assert read(Regex, "[[a]") == "[[a]"


@pytest.mark.parametrize(
    "pattern", ["(", "a{4294967295}", "(" * 250 + "*", "a" * 501, "", 3, "(?P<a>x)(?P<a>y)"]
)
def test_what_is_no_regular_expression_is_refused(pattern: object) -> None:
    with pytest.raises(ValidationError):
        read(Regex, pattern)


def test_user_data_is_bounded_in_bytes_and_never_shown() -> None:
    assert read(UserData, "é" * 8192)
    with pytest.raises(ValidationError) as caught:
        read(UserData, "é" * 8192 + "x")
    assert "16385 bytes" in str(caught.value)
    assert "é" not in str(caught.value)


def test_tags_leave_room_for_the_marks() -> None:
    assert read(Tags, {str(number): "" for number in range(MOST_TAGS)})
    with pytest.raises(ValidationError):
        read(Tags, {str(number): "" for number in range(MOST_TAGS + 1)})
    longest = "k" * (TAG_KEYS_LIMIT - len("a,"))
    assert require_short_keys({"a": "", longest: ""})
    with pytest.raises(PydanticCustomError):
        require_short_keys({"ab": "", longest: ""})


@pytest.mark.parametrize(
    "url",
    [
        "https://ec2.us-east-1.amazonaws.com",
        "http://127.0.0.1:8773/services/compute",
        "http://[::1]:80",
        "https://cloud.example.edu",
    ],
)
def test_endpoints_are_urls_with_a_host(url: str) -> None:
    assert read(Url, url + "/") == url


@pytest.mark.parametrize(
    "url",
    [
        "ec2.us-east-1.amazonaws.com",
        "ftp://h",
        "https://",
        "https:///path",
        "https://user@h",
        "https://user:hunter2@h",
        "https://h:hunter2",
        "https://h:99999",
        "https://h/?hunter2",
        "https://h/#hunter2",
        "https://h/?",
        "https://h\\@hunter2",
        "https://h h",
        "https://hé",
        "http://[::1",
        "file:///etc/passwd",
        "https://-h",
        7,
    ],
)
def test_other_endpoints_are_refused_and_not_repeated(url: object) -> None:
    with pytest.raises(ValidationError) as caught:
        read(Url, url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "value", ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"]
)
def test_a_key_where_its_file_is_expected_is_refused_unseen(value: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read(KeyPath, value)
    assert value not in str(caught.value)


@pytest.mark.parametrize(
    "value", ["~/.extenci/keys/amazon.id", "/etc/keys/Amazon2/secret.of.the.service.key", "k"]
)
def test_paths_of_key_files_are_not_taken_for_keys(value: str) -> None:
    assert read(KeyPath, value) == value
