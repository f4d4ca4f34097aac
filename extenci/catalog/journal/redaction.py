"""The part of a call that the journal keeps: no user data, which may hold passwords and keys."""

from __future__ import annotations

from collections.abc import Mapping

SECRET_KEYS = frozenset({"userdata", "user_data"})


def without_secrets(request: Mapping[str, object]) -> dict[str, object]:
    """A request without its user data, at any depth."""
    return {key: redacted(value) for key, value in request.items() if key.lower() not in SECRET_KEYS}


def redacted(value: object) -> object:
    """A value of a request without the user data inside it."""
    if isinstance(value, Mapping):
        return without_secrets(value)
    if isinstance(value, list | tuple):
        return [redacted(part) for part in value]
    return value
