"""What a change does, with the words for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


@dataclass(frozen=True)
class Effect:
    """What an action means for what exists. `symbol` stands before it in a plan; `is_dangerous`: it ends
    or deletes something; `is_bookkeeping`: it changes only what is noted about a resource."""

    symbol: str
    is_dangerous: bool = False
    is_bookkeeping: bool = False


CREATES = Effect("+")
CHECKS = Effect("?")
REPLACES = Effect("~", is_dangerous=True)
REMOVES = Effect("-", is_dangerous=True)
NOTES = Effect("~", is_bookkeeping=True)


class Action(StrEnum):
    """All that a change can do, in the order in which a plan does it where no dependency says otherwise."""

    past: str
    """The past participle: `3 machines launched`."""
    effect: Effect
    rank: int
    """The place in that order."""

    ADOPT = "adopt", "adopted", NOTES
    STAGE = "stage", "staged", CREATES
    REGISTER = "register", "registered", CREATES
    VERIFY = "verify", "verified", CHECKS
    LAUNCH = "launch", "launched", CREATES
    REPLACE = "replace", "replaced", REPLACES
    UPDATE = "update", "updated", NOTES
    TERMINATE = "terminate", "terminated", REMOVES
    UNSTAGE = "unstage", "unstaged", REMOVES
    REMOVE = "remove", "removed", REMOVES
    """Delete what is no resource of its own and was left behind: key pairs of test VMs, files."""
    FORGET = "forget", "forgotten", NOTES

    def __new__(cls, word: str, past: str, effect: Effect) -> Self:
        """A word that carries its past participle, its effect and its rank."""
        action = str.__new__(cls, word)
        action._value_ = word
        action.past, action.effect, action.rank = past, effect, len(cls.__members__)
        return action
