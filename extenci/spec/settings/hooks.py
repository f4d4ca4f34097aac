"""`hooks:` of a spec root: who is told the results of its commands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from extenci.model.hook import Event, Hook
from extenci.spec.validation.duration import duration
from extenci.spec.validation.fields import Command
from extenci.spec.validation.strict import Strict, wrong
from extenci.spec.validation.urls import require_https

DEFAULT_SECONDS = 30
LONGEST_SECONDS = 600

EventChoice = Annotated[Event, Field(strict=False)]


def require_address(url: str) -> str:
    """An https URL, without a user or password."""
    if not url.startswith("https://"):
        raise wrong("must be a URL that begins with https://")
    return require_https(url)


class HookSpec(Strict):
    """A hook: a program, or an https URL, that is told results as JSON."""

    run: Annotated[list[Command], Field(min_length=1, max_length=100)] | None = Field(
        default=None,
        description="The program and its arguments; it gets the JSON on its standard input. With a slash in "
        "it, it is relative to extenci.yaml; without, it is looked for in PATH. It runs in that folder.",
    )
    url: Annotated[str, AfterValidator(require_address)] | None = Field(
        default=None, description="An https URL that gets the JSON as a POST."
    )
    after: Annotated[list[EventChoice], Field(min_length=1, max_length=len(Event))] = Field(
        default_factory=lambda: list(Event),
        description="The commands whose results it is told. Default: all of them.",
    )
    timeout: Annotated[int, duration(1, LONGEST_SECONDS)] = Field(
        default=DEFAULT_SECONDS, description="How long it may take. Default: 30s."
    )

    @model_validator(mode="after")
    def _require_one_kind(self) -> Self:
        if (self.run is None) == (self.url is None):
            raise wrong("must have either 'run', a program, or 'url', an https URL")
        return self


def build_hooks(specs: Iterable[HookSpec]) -> tuple[Hook, ...]:
    """The hooks that specs describe."""
    return tuple(
        Hook(tuple(spec.run or ()), spec.url or "", frozenset(spec.after), spec.timeout) for spec in specs
    )
