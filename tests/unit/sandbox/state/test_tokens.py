"""Client tokens."""

from __future__ import annotations

import pytest

from extenci.sandbox.state.tokens import TokenReused, Tokens


def test_a_token_stands_for_what_it_made() -> None:
    tokens: Tokens[str] = Tokens()
    assert tokens.made("t", {"MinCount": 1}) is None
    tokens.remember("t", {"MinCount": 1}, "r-1")
    assert tokens.made("t", {"MinCount": 1}) == "r-1"
    assert tokens.made("u", {"MinCount": 1}) is None
    with pytest.raises(TokenReused):
        tokens.made("t", {"MinCount": 2})


def test_without_a_token_each_request_is_new() -> None:
    tokens: Tokens[str] = Tokens()
    for none in (None, ""):
        tokens.remember(none, {}, "r-1")
        assert tokens.made(none, {}) is None
