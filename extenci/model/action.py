"""The actions of changes, with the words for them."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Effect(StrEnum):
    """The meaning of an action for the things that exist."""

    symbol: str
    """The sign before a change in a plan."""
    is_dangerous: bool
    """Whether something ends or is deleted that cannot be had back."""

    CREATE = "create", "+", False
    CHECK = "check", "?", False
    REPLACE = "replace", "~", True
    REMOVE = "remove", "-", True
    NOTE = "note", "~", False
    """Only tags and records change."""

    def __new__(cls, word: str, symbol: str, is_dangerous: bool) -> Self:
        """A word that carries its symbol and its danger."""
        effect = str.__new__(cls, word)
        effect._value_ = word
        effect.symbol, effect.is_dangerous = symbol, is_dangerous
        return effect


class Action(StrEnum):
    """All that a change can do, in the order in which a plan does it where no dependency says otherwise."""

    past: str
    """The past participle: `3 machines launched`."""
    effect: Effect
    rank: int
    """The place in that order, from 0."""

    ADOPT = "adopt", "adopted", Effect.NOTE
    STAGE = "stage", "staged", Effect.CREATE
    REGISTER = "register", "registered", Effect.CREATE
    VERIFY = "verify", "verified", Effect.CHECK
    LAUNCH = "launch", "launched", Effect.CREATE
    AWAIT = "await", "awaited", Effect.CREATE
    """Wait for machines that an earlier run has launched. Plans have it beside their changes."""
    REPLACE = "replace", "replaced", Effect.REPLACE
    UPDATE = "update", "updated", Effect.NOTE
    TERMINATE = "terminate", "terminated", Effect.REMOVE
    UNSTAGE = "unstage", "unstaged", Effect.REMOVE
    REMOVE = "remove", "removed", Effect.REMOVE
    """Delete what is no resource of its own and was left behind: key pairs of test VMs, files."""
    FORGET = "forget", "forgotten", Effect.NOTE

    def __new__(cls, word: str, past: str, effect: Effect) -> Self:
        """A word that carries its past participle, its effect and its rank."""
        action = str.__new__(cls, word)
        action._value_ = word
        action.past, action.effect, action.rank = past, effect, len(cls.__members__)
        return action
