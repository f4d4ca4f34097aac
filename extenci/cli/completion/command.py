"""`extenci completion`, and the answers to the scripts that it prints."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from extenci.cli.failures import show_traceback
from extenci.cli.terminal import write_result

ASKED = "__complete"
"""The first argument when a script asks for words; the words that were typed follow."""


class Shell(StrEnum):
    """The shells that there are scripts for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


SCRIPTS = {Shell.BASH: "extenci.bash", Shell.ZSH: "_extenci", Shell.FISH: "extenci.fish"}


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="[bash|zsh|fish]", help="The shell.", show_default=False)],
) -> int:
    """Print the script that completes commands in a shell.

    It completes commands, options, addresses, services and files. Addresses are those of the specs named on
    the line, or in the current folder.

    \b
    Examples:
      extenci completion bash > ~/.local/share/bash-completion/completions/extenci
      extenci completion zsh > ~/.zfunc/_extenci
      extenci completion fish > ~/.config/fish/completions/extenci.fish
    """
    from importlib.resources import files

    folder = files("extenci.cli.completion") / "scripts"
    write_result(folder.joinpath(SCRIPTS[shell]).read_text("utf-8"))
    return 0


def answer(words: Sequence[str], root: Any) -> int:
    """Print what can stand for the last word. A failure prints nothing: it would be in the way of typing."""
    from extenci.cli.completion.words import complete

    try:
        lines = list(complete(words, root).lines())
    except Exception:  # noqa: BLE001 - see above; EXTENCI_DEBUG=1 shows it
        show_traceback()
        return 1
    write_result("".join(f"{line}\n" for line in lines))
    return 0
