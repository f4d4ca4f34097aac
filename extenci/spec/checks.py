"""The checks of a `verify` block: one class each, told apart by the one key that names the check."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from extenci.model.text import either
from extenci.spec.validation.fields import FilePath, Flag, Port, Regex, Text
from extenci.spec.validation.forms import Strict, duration, matching, text, whole, wrong
from extenci.spec.validation.wording import kind_of, suggestion

KINDS = ("tcp", "ssh", "http", "console", "run", "pytest")
TAG_PREFIX = "check:"
"""Sets the union's tags, which pydantic puts into the paths of errors, apart from keys."""

CommandLine = Annotated[str, text(4096)]
HttpPath = Annotated[str, matching("/[!-~]{0,2000}", "a path that begins with / and has no spaces")]


def _read_files(value: object) -> object:
    return [value] if isinstance(value, str) else value


class CheckKeys(Strict):
    """Keys that every check may have."""

    timeout: Annotated[int, duration(1, 24 * 3600)] | None = Field(
        default=None, description="How long one try may take. Default: what is left of the block's `timeout`."
    )
    retries: Annotated[int, whole(0, 1000, "tries")] | None = Field(
        default=None, description="How often a failed try is repeated. Default: until the `timeout`."
    )


class TcpCheck(CheckKeys):
    """A port accepts connections."""

    tcp: Port = Field(description="The port.")


class SshCheck(CheckKeys):
    """A command succeeds on the machine."""

    ssh: CommandLine = Field(description="The command.")
    user: Text | None = Field(default=None, description="Who logs in.")
    key: FilePath | None = Field(
        default=None, description="Private key, relative to this file. Default: a temporary key pair."
    )
    port: Port = Field(default=22, description="Port of the SSH server. Default: 22.")
    status: Annotated[int, whole(0, 255)] = Field(default=0, description="Exit status expected. Default: 0.")
    output: Regex | None = Field(
        default=None, description="Regular expression that must be found in the output."
    )


class HttpCheck(CheckKeys):
    """A path is answered."""

    http: HttpPath = Field(description="The path, such as `/health`.")
    port: Port | None = Field(default=None, description="Default: 80, with `tls` 443.")
    status: Annotated[int, whole(100, 599)] = Field(
        default=200, description="HTTP status expected. Default: 200."
    )
    host: Text | None = Field(default=None, description="Host header to send. Default: the address.")
    tls: Flag = Field(
        default=False,
        description="Whether to use TLS. "
        "The certificate is not verified, since a test VM has none for its address.",
    )


class ConsoleCheck(CheckKeys):
    """The serial console shows something."""

    console: Regex = Field(description="Regular expression that must be found in the console's output.")


class RunCheck(CheckKeys):
    """A program on this machine succeeds; the test VM's address and ids are in `EXTENCI_*` variables."""

    run: Annotated[list[CommandLine], Field(min_length=1, max_length=100)] = Field(
        description="The program and its arguments. With a slash in it, it is relative to this file; "
        "without, it is looked for in PATH. It runs in this file's folder."
    )


class PytestCheck(CheckKeys):
    """Tests on this machine succeed, with `testinfra`'s `host` being the test VM."""

    pytest: Annotated[
        list[FilePath],
        BeforeValidator(_read_files),
        Field(min_length=1, max_length=100),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
    ] = Field(description="Test files or folders, relative to this file.")
    user: Text | None = Field(default=None, description="Who logs in.")
    key: FilePath | None = Field(
        default=None, description="Private key, relative to this file. Default: a temporary key pair."
    )
    port: Port = Field(default=22, description="Port of the SSH server. Default: 22.")


def find_kind(value: Any) -> str:
    """The union's tag for a check that `require_kind` let pass."""
    return TAG_PREFIX + next(kind for kind in KINDS if kind in value)


def require_kind(value: object) -> object:
    """A mapping that is exactly one kind of check."""
    if not isinstance(value, dict):
        raise wrong(f"must be a mapping with one of {either(KINDS)}, not {kind_of(value)}")
    kinds = [kind for kind in KINDS if kind in value]
    if len(kinds) > 1:
        raise wrong(f"is {' and '.join(kinds)} in one; make each a check of its own")
    if not kinds:
        close = next((hint for key in value if (hint := suggestion(key, KINDS))), "")
        raise wrong(f"must have one of {either(KINDS)}{close}")
    return value


Check = Annotated[
    Annotated[TcpCheck, Tag(TAG_PREFIX + "tcp")]
    | Annotated[SshCheck, Tag(TAG_PREFIX + "ssh")]
    | Annotated[HttpCheck, Tag(TAG_PREFIX + "http")]
    | Annotated[ConsoleCheck, Tag(TAG_PREFIX + "console")]
    | Annotated[RunCheck, Tag(TAG_PREFIX + "run")]
    | Annotated[PytestCheck, Tag(TAG_PREFIX + "pytest")],
    Discriminator(find_kind),
    BeforeValidator(require_kind),
]
