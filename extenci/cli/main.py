"""The entry point: all commands, and the texts and exit statuses of their errors."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
import typer.main

from extenci.cli.commands import CommandList
from extenci.cli.completion.command import ASKED, answer
from extenci.cli.failures import (
    report_defect,
    report_error,
    report_system_error,
    report_usage,
    show_defects,
)
from extenci.cli.terminal import prepare_streams, write_aside, write_result
from extenci.cli.trust_question import is_allowed
from extenci.model.errors import ExtenciError, NotTrusted
from extenci.model.release import __version__

INTERRUPTED = 130
"""The status that typer returns for a KeyboardInterrupt."""

app = typer.Typer(
    name="extenci",
    cls=CommandList,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)


def show_version(wanted: bool) -> None:
    """Print the version and exit."""
    if wanted:
        write_result(f"extenci {__version__}\n")
        raise typer.Exit


@app.callback()
def describe(
    _version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Declarative VM images and machines on EC2-compatible clouds.

    Specs are YAML files. `extenci plan` shows the changes that would make the clouds what the specs say, and
    `extenci apply` carries them out.

    \b
    Start here, with a small cloud on this machine:
      extenci init specs
      extenci plan specs
      extenci apply specs
      extenci status specs

    `extenci help` lists the pages of the documentation; begin with `extenci help tutorial`.

    \b
    Exit status: 0 done; 1 failed, blocked, declined, or wrong usage;
    2 changes pending (plan --detailed-exitcode); 3 waiting for a person.
    """


def main() -> None:
    """Run the command line and exit with its status."""
    prepare_streams()
    show_defects()
    if sys.argv[1:2] == [ASKED]:
        sys.exit(answer(sys.argv[2:], typer.main.get_command(app)))
    sys.exit(run(sys.argv[1:]))


def call(arguments: Sequence[str]) -> object:
    """Call the command and return what it returns. Where specs ask for what is not trusted, nothing was done
    yet: a person is asked, and it is called again."""
    try:
        return app(list(arguments), prog_name="extenci", standalone_mode=False)
    except NotTrusted as error:
        if not is_allowed(error):
            raise
    return app(list(arguments), prog_name="extenci", standalone_mode=False)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status. Whatever goes wrong is reported on stderr."""
    try:
        returned = call(arguments)
    except typer.TyperException as error:
        report_usage(error)
    except ExtenciError as error:
        report_error(error)
    except (KeyboardInterrupt, typer.Abort):
        write_aside("\ninterrupted\n")
    except OSError as error:
        report_system_error(error)
    except Exception as error:  # noqa: BLE001 - the last resort: nothing above this could report it
        report_defect(error)
    else:
        if returned != INTERRUPTED:
            return returned if isinstance(returned, int) else 0
        write_aside("\ninterrupted\n")
    return 1
