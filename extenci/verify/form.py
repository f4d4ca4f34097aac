"""How checks stand in specs: what the forms of all kinds have in common.

A form is a pydantic model. The descriptions of its keys are the documentation of the format.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypedDict

from pydantic import Field

from extenci.model.verification import Check
from extenci.spec.validation.duration import duration
from extenci.spec.validation.fields import FilePath, Port, Text
from extenci.spec.validation.strict import Expected, Strict


@dataclass(frozen=True)
class SpecFolder:
    """The folder of a spec file, with the spec root that it belongs to. `resolve` makes an absolute path of a
    folder and a path in it."""

    path: Path
    root: Path
    resolve: Callable[[Path, str], str]

    def absolute(self, path: str) -> str:
        """A path of the spec file as an absolute one."""
        return self.resolve(self.path, path)

    def find_own(self, path: str) -> Path | None:
        """An absolute path, where it lies below the spec root. Other files may be on the machine that
        verifies only, so nothing can be said of them."""
        found = Path(self.absolute(path))
        return found if found.is_relative_to(self.root) else None


KeyFault = tuple[str, str]
"""A key, and what is wrong with its value: a text that begins with a verb, since the key is put before it."""


class Limits(TypedDict):
    """The values that every check has."""

    timeout: int | None
    retries: int | None


class Login(TypedDict):
    """The values that every check has that logs in."""

    user: str | None
    key: str | None
    port: int


class CheckForm(Strict):
    """Keys that every check may have."""

    timeout: Annotated[int, duration(1, 24 * 3600)] | None = Field(
        default=None, description="How long one try may take. Default: what is left of the block's `timeout`."
    )
    retries: Annotated[int, Field(ge=0, le=1000), Expected("a whole number of tries")] | None = Field(
        default=None, description="How often a failed try is repeated. Default: until the `timeout`."
    )

    @abstractmethod
    def resolve(self, folder: SpecFolder) -> Check:
        """The check, with absolute paths."""

    def find_faults(self, folder: SpecFolder) -> Iterator[KeyFault]:
        """Everything that is wrong with the files that the check names."""
        del folder
        return iter(())

    def limits(self) -> Limits:
        """The keys above, as values of the check."""
        return {"timeout": self.timeout, "retries": self.retries}


class LoginForm(CheckForm):
    """Keys of checks that log in."""

    user: Text | None = Field(default=None, description="Who logs in.")
    key: FilePath | None = Field(
        default=None, description="Private key, relative to this file. Default: a temporary key pair."
    )
    port: Port = Field(default=22, description="Port of the SSH server. Default: 22.")

    def login(self, folder: SpecFolder) -> Login:
        """The keys above, as values of the check."""
        key = None if self.key is None else folder.absolute(self.key)
        return {"user": self.user, "key": key, "port": self.port}
