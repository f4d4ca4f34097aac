"""`extenci sandbox`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from extenci.cli.options import Format, Output
from extenci.cli.terminal import write_result

if TYPE_CHECKING:
    from extenci.sandbox.control import SandboxStatus

FORMAT_VERSION = 1

app = typer.Typer(
    name="sandbox",
    rich_markup_mode=None,
    no_args_is_help=True,
    help="The local cloud: the service `sandbox`, on this machine only.\n\n"
    "It is started when a spec first uses it, and needs the extra `extenci[sandbox]`.\n\n"
    "\b\nExamples:\n  extenci sandbox start\n  extenci sandbox status --format json",
)


@app.command("start")
def start(output: Output = Format.TEXT) -> int:
    """Start the local cloud unless it runs."""
    from extenci.catalog.home import Home
    from extenci.sandbox import control

    show(control.start(Home.find().path), output)
    return 0


@app.command("stop")
def stop(output: Output = Format.TEXT) -> int:
    """Stop the local cloud and remove all it had.

    Its machines, images, disks, objects and keys are gone.
    """
    from extenci.catalog.home import Home
    from extenci.sandbox import control

    home = Home.find().path
    control.stop(home)
    show(control.status(home), output)
    return 0


@app.command("status")
def status(output: Output = Format.TEXT) -> int:
    """Show whether the local cloud runs, and where."""
    from extenci.catalog.home import Home
    from extenci.sandbox import control

    show(control.status(Home.find().path), output)
    return 0


@app.command("reset")
def reset(output: Output = Format.TEXT) -> int:
    """Empty the local cloud.

    One that runs goes on, empty, at the same addresses and with the same keys.
    """
    from extenci.catalog.home import Home
    from extenci.sandbox import control

    show(control.reset(Home.find().path), output)
    return 0


def show(found: SandboxStatus, output: Format) -> None:
    """Print the state of the local cloud."""
    if output is Format.JSON:
        from extenci.report.plan_json import render_json

        write_result(render_json(document(found)))
    else:
        write_result(text(found))


def document(found: SandboxStatus) -> dict[str, object]:
    """The state as JSON values."""
    return {
        "format_version": FORMAT_VERSION,
        "running": found.running,
        "ec2": found.ec2,
        "s3": found.s3,
        "ebs": found.ebs,
        "machines": found.machines,
        "calls": str(found.calls),
    }


def text(found: SandboxStatus) -> str:
    """The state for people."""
    if not found.running:
        return "The sandbox does not run. `extenci sandbox start` starts it, as does any spec that uses it.\n"
    machines = {
        "simulated": "simulated: they have a state and an address, and nothing boots (no QEMU)",
        "qemu": "virtual machines in QEMU",
    }
    rows = (
        ("EC2", found.ec2),
        ("S3", found.s3),
        ("EBS", found.ebs),
        ("machines", machines[found.machines]),
        ("calls", str(found.calls)),
    )
    return "The sandbox runs.\n" + "".join(f"  {name:<8}  {value}\n" for name, value in rows)
