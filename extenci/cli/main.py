"""The entry point: all commands, and the texts and exit statuses of their errors."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from extenci.cli.commands import catalog, sandbox
from extenci.cli.commands.apply import apply
from extenci.cli.commands.confirm import confirm
from extenci.cli.commands.destroy import destroy
from extenci.cli.commands.doctor import doctor
from extenci.cli.commands.gc import gc
from extenci.cli.commands.init import init
from extenci.cli.commands.machines.console import console
from extenci.cli.commands.machines.ssh import ssh
from extenci.cli.commands.plan import plan
from extenci.cli.commands.reconcile import reconcile
from extenci.cli.commands.run_test_vm import run_test_vm
from extenci.cli.commands.specs import schema, validate
from extenci.cli.commands.stage import stage
from extenci.cli.commands.status import status
from extenci.cli.commands.trust import trust
from extenci.cli.commands.unlock import unlock
from extenci.cli.commands.unstage import unstage
from extenci.cli.commands.upkeep.history import history
from extenci.cli.commands.upkeep.import_resources import import_resources
from extenci.cli.commands.verify import verify
from extenci.cli.failures import (
    report_defect,
    report_error,
    report_system_error,
    report_usage,
    show_defects,
)
from extenci.cli.help import Command
from extenci.cli.pages.command import show_help
from extenci.cli.terminal import prepare_streams, write_aside, write_result
from extenci.cli.trust_question import is_allowed
from extenci.model.errors import ExtenciError, NotTrusted
from extenci.model.release import __version__

INTERRUPTED = 130
"""The status that typer returns for a KeyboardInterrupt."""

app = typer.Typer(
    name="extenci",
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


COMMANDS = (
    init, plan, apply, destroy, status, reconcile, verify, confirm, gc, unlock, validate, doctor, schema,
    stage, unstage,
)  # fmt: skip
for command in COMMANDS:
    app.command(cls=Command)(command)
app.command(cls=Command)(trust)
app.command(cls=Command)(history)
app.command(cls=Command)(ssh)
app.command(cls=Command)(console)
app.command("import", cls=Command)(import_resources)
app.command("test-vm", cls=Command)(run_test_vm)
app.command("help", cls=Command)(show_help)
app.add_typer(catalog.app)
app.add_typer(sandbox.app)


def main() -> None:
    """Run the command line and exit with its status."""
    prepare_streams()
    show_defects()
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
