"""`extenci control`."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from extenci.cli.approval import ApprovalTexts, run_approved
from extenci.cli.help import Command
from extenci.cli.options import AutoApprove, LockTimeout, RunFormat, RunOutput, StackName, Trusted
from extenci.cli.terminal import palette_of, write_result

if TYPE_CHECKING:
    from extenci.api import Options
    from extenci.model.observed import Machine
    from extenci.model.outcome import Result

app = typer.Typer(
    name="control",
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Start, stop and list single machines, without specs.\n\n"
    "\b\nExamples:\n  extenci control start worker sandbox t3.micro\n"
    "  extenci control list sandbox",
)

ServiceArgument = Annotated[str, typer.Argument(metavar="SERVICE", help="The service.", show_default=False)]


@app.command("start", cls=Command)
def start(
    image: Annotated[
        str,
        typer.Argument(
            metavar="IMAGE|ADDRESS",
            help="The id of any image, or the address or name of one that the stack has there; of several "
            "versions the newest.",
            show_default=False,
        ),
    ],
    service: ServiceArgument,
    type_: Annotated[
        str | None,
        typer.Argument(
            metavar="[TYPE]",
            help="The instance type. Default: that of test VMs in the service's file.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="The machine's name. Default: the image's.")
    ] = None,
    key_name: Annotated[
        str | None, typer.Option("--key-name", metavar="NAME", help="The key pair to log in with.")
    ] = None,
    stack: StackName = None,
    lock_timeout: LockTimeout = 0.0,
    output: RunOutput = RunFormat.TEXT,
    _trust: Trusted = None,
) -> int:
    """Start one machine from an image.

    It is launched through EC2 or HTCondor, as `launch` in the service's file says, with the settings of test
    VMs there. It is marked `manual`: no plan touches it, and it runs until `extenci control stop`.

    \b
    Examples:
      extenci control start worker sandbox t3.micro
      extenci control start ami-0123456789abcdef0 amazon t3.micro --stack physics
    """
    from extenci import api

    made: list[str] = []

    def launch(options: Options) -> Result:
        how = api.StartOptions(type_, name, key_name)
        result = api.start_machine(image, service, how, stack=stack, options=options)
        made.extend(id_ for one in result.outcomes for id_ in one.made.machines)
        return result

    status = run_approved(launch, api.Options(lock_timeout=lock_timeout), output=output, auto_approve=True)
    if made and output is RunFormat.TEXT:
        show([one for one in api.list_machines(service, stack=stack) if one.id in made])
    return status


@app.command("list", cls=Command)
def list_(service: ServiceArgument, stack: StackName = None, _trust: Trusted = None) -> int:
    """List the machines that were started manually.

    \b
    Example:
      extenci control list sandbox
    """
    from extenci import api

    show(api.list_machines(service, stack=stack))
    return 0


def show(machines: Sequence[Machine]) -> None:
    """Print machines with the addresses to reach them at."""
    from extenci.report.status.manual import render_machines

    write_result(render_machines(machines, time.time(), palette=palette_of(sys.stdout)))


@app.command("stop", cls=Command)
def stop(
    id_: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="The machine's id, as `extenci control list` shows it.", show_default=False
        ),
    ],
    service: ServiceArgument,
    stack: StackName = None,
    auto_approve: AutoApprove = False,
    lock_timeout: LockTimeout = 0.0,
    output: RunOutput = RunFormat.TEXT,
    _trust: Trusted = None,
) -> int:
    """Terminate a machine that was started manually. Asks for confirmation.

    \b
    Example:
      extenci control stop i-0123456789abcdef0 sandbox
    """
    from extenci import api

    def end(options: Options) -> Result:
        return api.stop_machines([id_], service, stack=stack, options=options)

    texts = ApprovalTexts("Terminate it", "It has ended already.")
    options = api.Options(lock_timeout=lock_timeout)
    return run_approved(end, options, output=output, auto_approve=auto_approve, texts=texts)
