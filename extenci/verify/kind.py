"""A kind of check: everything that there is to one, so that one file can hold it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from extenci.model.verification import Check
from extenci.verify.form import CheckForm

if TYPE_CHECKING:
    from extenci.verify.attempt import Attempt, AttemptResult, CheckContext

C = TypeVar("C", bound=Check)


def lacks_nothing(check: Check) -> Iterator[str]:
    """The prerequisites of a check that needs nothing of this machine."""
    del check
    return iter(())


@dataclass(frozen=True)
class CheckKind(Generic[C]):
    """`value` is the check itself, `form` the way it stands in specs, and `attempt` tries it once.
    `find_lacking` finds what it needs on this machine and is not there, or not as it must be."""

    value: type[C]
    form: type[CheckForm]
    attempt: Callable[[C, CheckContext, Attempt], AttemptResult]
    find_lacking: Callable[[C], Iterator[str]] = lacks_nothing

    @property
    def name(self) -> str:
        """The key that names the check in a spec."""
        return self.value.kind
