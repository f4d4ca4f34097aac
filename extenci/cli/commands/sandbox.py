"""`extenci sandbox`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extenci.cli.help import Command
from extenci.cli.options import AutoApprove, Format, Output
from extenci.cli.terminal import is_yes, write_aside, write_json, write_result

if TYPE_CHECKING:
    from extenci.model.service import SandboxStatus

app = typer.Typer(
    name="sandbox",
    rich_markup_mode=None,
    no_args_is_help=True,
    help="The local cloud: the service `sandbox`, on this machine only.\n\n"
    "It starts when a spec first uses it, and needs the extra `extenci[sandbox]`.\n\n"
    "\b\nExamples:\n  extenci sandbox start\n  extenci sandbox status --format json",
)


@app.command("start", cls=Command)
def start(
    output: Output = Format.TEXT,
    faults: Annotated[
        str | None,
        typer.Option(
            metavar="RULES",
            show_default=False,
            help="Make it misbehave from now on, to see how extenci copes: ACTION: FAULT [WHEN]; … "
            "(`none`: no longer). Default: EXTENCI_SANDBOX_FAULTS when it starts.",
        ),
    ] = None,
    without: Annotated[
        str | None,
        typer.Option(
            metavar="ABILITIES",
            show_default=False,
            help="Take abilities away, as other clouds lack them: names that `extenci doctor` shows, with "
            "commas between (`none`: it has all). Default: EXTENCI_SANDBOX_WITHOUT when it starts.",
        ),
    ] = None,
) -> int:
    """Start the local cloud unless it runs.

    Faults: throttle, error 500, error 503, expired (credentials), denied (not permitted), missing 2s (new
    things are not seen for a while), reset (half-way through the body), stall, lost (done, but not answered),
    slow 200ms, garbled (the body changes on the way), damaged and rotten (other data is stored; rotten hides
    it), wrong-checksum. When: 20% (of the calls, evenly), every N, first N, after N, at N; otherwise always.

    \b
    Examples:
      extenci sandbox start
      extenci sandbox start --faults 'PutSnapshotBlock: throttle 20%'
      extenci sandbox start --faults none
      extenci sandbox start --without tag-on-create,filters
    """
    from extenci import api

    show(api.start_sandbox(faults, without), output)
    return 0


@app.command("stop", cls=Command)
def stop(output: Output = Format.TEXT, auto_approve: AutoApprove = False) -> int:
    """Stop the local cloud and remove everything in it.

    Its machines, images, disks, objects and keys are gone afterwards. In a terminal it asks first, where
    there are machines or images in it.

    \b
    Example:
      extenci sandbox stop
    """
    from extenci import api

    if not (auto_approve or may_empty("Stop the sandbox")):
        return 1
    was_running = api.sandbox_status().running
    stopped = api.stop_sandbox()
    if output is Format.JSON:
        show(stopped, output)
    else:
        from extenci.report.sandbox.text import render_stopped

        write_result(render_stopped(was_running))
    return 0


def may_empty(question: str) -> bool:
    """Whether the content of the sandbox may go: a person is asked, where there are one and any content."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    from extenci import api
    from extenci.model.text import counted, listed

    content = api.sandbox_content()
    counts = [(content.machines, "machine"), (content.images, "image")]
    lost = listed([counted(count, noun) for count, noun in counts if count])
    if not lost or is_yes(f"{question}, and remove what is in it ({lost})?"):
        return True
    write_aside("Nothing was done.\n")
    return False


@app.command("status", cls=Command)
def status(output: Output = Format.TEXT) -> int:
    """Show whether the local cloud runs, and where.

    \b
    Example:
      extenci sandbox status --format json
    """
    from extenci import api

    show(api.sandbox_status(), output)
    return 0


@app.command("reset", cls=Command)
def reset(output: Output = Format.TEXT, auto_approve: AutoApprove = False) -> int:
    """Empty the local cloud.

    If it runs, it goes on running, empty, at the same addresses and with the same keys. In a terminal it asks
    first, where there are machines or images in it.

    \b
    Example:
      extenci sandbox reset
    """
    from extenci import api

    if not (auto_approve or may_empty("Empty the sandbox")):
        return 1
    show(api.reset_sandbox(), output)
    return 0


@app.command("image", cls=Command)
def image(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The disk to make: raw, 1 GiB, sparse.", show_default=False)
    ],
    public_key: Annotated[
        list[Path] | None,
        typer.Option(
            "--public-key",
            metavar="FILE",
            help="A public key that may log in as root; can be given several times. Default: "
            "~/.ssh/id_*.pub. The key pair that a machine is launched with may always log in.",
        ),
    ] = None,
    ssh: Annotated[bool, typer.Option("--ssh/--no-ssh", hidden=True)] = True,
    panic: Annotated[bool, typer.Option("--panic", hidden=True)] = False,
) -> int:
    """Make a small bootable disk with an SSH server.

    It holds Linux, busybox and dropbear, boots in seconds, and takes hostname, public key and user data from
    the metadata service. It is made from Debian's packages, without root. An image made before is replaced.

    \b
    Example:
      extenci sandbox image worker.raw
    """
    from extenci import api

    keys = api.make_bootable_disk(
        file, public_key, ssh=ssh, panic=panic, tell=lambda line: write_aside(f"{line}\n")
    )
    who = f"{keys} public key{'' if keys == 1 else 's'}" if keys else "the launch's key pair only"
    write_result(f"{file} is a bootable disk. root may log in with: {who}.\n")
    return 0


def show(status: SandboxStatus, output: Format) -> None:
    """Print the state of the local cloud."""
    if output is Format.JSON:
        from extenci.report.sandbox.json import sandbox_document

        write_json(sandbox_document(status))
    else:
        from extenci.report.sandbox.text import render_sandbox

        write_result(render_sandbox(status))
