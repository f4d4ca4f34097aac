"""A kind of check: everything that there is to one, so that one file can hold it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from extenci.model.verification import Check
from extenci.verify.form import CheckForm

if TYPE_CHECKING:
    from extenci.verify.attempt import Attempt, AttemptResult, CheckContext

C = TypeVar("C", bound=Check)


@dataclass(frozen=True)
class CheckKind(Generic[C]):
    """`value` is the check itself, `form` the way it stands in specs, and `attempt` tries it once."""

    value: type[C]
    form: type[CheckForm]
    attempt: Callable[[C, CheckContext, Attempt], AttemptResult]

    @property
    def name(self) -> str:
        """The key that names the check in a spec."""
        return self.value.kind
