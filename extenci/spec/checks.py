"""The checks of a `verify` block. The one key that names a check's kind tells the forms apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import BeforeValidator, Discriminator, Tag

from extenci.model.text import either
from extenci.spec.validation.strict import wrong
from extenci.spec.words import kind_of, suggestion
from extenci.verify.checks import KINDS, NAMES
from extenci.verify.form import CheckForm

TAG_PREFIX = "check:"
"""Distinguishes the union's tags, which pydantic puts into the paths of errors, from keys."""


def find_kind(value: Any) -> str:
    """The union's tag for a check that `require_kind` let pass."""
    return TAG_PREFIX + next(name for name in NAMES if name in value)


def require_kind(value: object) -> object:
    """A mapping that is exactly one kind of check."""
    if not isinstance(value, dict):
        raise wrong(f"must be a mapping with one of {either(NAMES)}, not {kind_of(value)}")
    names = [name for name in NAMES if name in value]
    if len(names) > 1:
        raise wrong(f"mixes {' and '.join(names)}; make each a check of its own")
    if not names:
        close = next((hint for key in value if (hint := suggestion(key, NAMES))), "")
        raise wrong(f"must have one of {either(NAMES)}{close}")
    return value


if TYPE_CHECKING:
    AnyForm = CheckForm
else:
    AnyForm = Union[tuple(Annotated[kind.form, Tag(TAG_PREFIX + kind.name)] for kind in KINDS)]  # noqa: UP007

CheckEntry = Annotated[AnyForm, Discriminator(find_kind), BeforeValidator(require_kind)]
"""The form of one check, whatever its kind."""
