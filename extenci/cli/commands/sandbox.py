"""`extenci sandbox`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extenci.cli.options import Format, Output
from extenci.cli.terminal import write_aside, write_result

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
def start(
    output: Output = Format.TEXT,
    faults: Annotated[
        str | None,
        typer.Option(
            metavar="RULES",
            show_default=False,
            help="Misbehave on purpose from now on, to see what becomes of it: ACTION: FAULT [WHEN]; … "
            "(`none`: no longer). Default: EXTENCI_SANDBOX_FAULTS when it starts.",
        ),
    ] = None,
) -> int:
    """Start the local cloud unless it runs.

    Faults: throttle, error 500, error 503, expired (credentials), denied (they may not do this), missing 2s
    (what was just made is not seen yet), reset (half-way through the body), stall, lost (done, but not
    answered), slow 200ms, garbled (the body changes on the way), damaged and rotten (something else is
    stored; rotten hides it), wrong-checksum. When: 20% (of the calls, evenly), every N, first N, after N,
    at N; else always.

    \b
    Examples:
      extenci sandbox start
      extenci sandbox start --faults 'PutSnapshotBlock: throttle 20%'
      extenci sandbox start --faults none
    """
    from extenci.catalog.home import Home
    from extenci.sandbox import control

    show(control.start(Home.find().path, faults), output)
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


@app.command("image")
def image(
    file: Annotated[Path, typer.Argument(help="The disk to make: raw, 1 GiB, sparse.", show_default=False)],
    public_key: Annotated[
        list[Path] | None,
        typer.Option(
            "--public-key",
            metavar="FILE",
            help="A public key that may log in as root; may be repeated. Default: all of ~/.ssh/id_*.pub. "
            "The key pair that a machine is launched with may always.",
        ),
    ] = None,
    ssh: Annotated[bool, typer.Option("--ssh/--no-ssh", hidden=True)] = True,
    panic: Annotated[bool, typer.Option("--panic", hidden=True)] = False,
) -> int:
    """Make a small bootable disk with an SSH server.

    It is Linux, busybox and dropbear, boots in seconds, and takes hostname, public key and user data from the
    metadata service. It is made from Debian's packages, without root; an image made before is replaced.

    \b
    Example:
      extenci sandbox image worker.raw
    """
    from extenci.catalog.home import Home
    from extenci.sandbox.bootable import Recipe, make_image, read_keys, users_keys

    keys = [key for path in public_key for key in read_keys(path)] if public_key else users_keys()
    recipe = Recipe(tuple(keys), ssh=ssh, panic=panic)
    make_image(file, Home.find().path / "kernels", recipe, lambda line: write_aside(f"{line}\n"))
    who = f"{len(keys)} public key{'' if len(keys) == 1 else 's'}" if keys else "the launch's key pair only"
    write_result(f"{file} is a bootable disk. root may log in with: {who}.\n")
    return 0


def show(found: SandboxStatus, output: Format) -> None:
    """Print the state of the local cloud."""
    if output is Format.JSON:
        from extenci.report.plan.json import render_json

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
        "ports": {str(port): here for port, here in found.forwards.items()},
        "calls": str(found.calls),
        "faults": found.faults,
    }


def text(found: SandboxStatus) -> str:
    """The state for people."""
    if not found.running:
        return "The sandbox does not run. `extenci sandbox start` starts it, as does any spec that uses it.\n"
    machines = {
        "simulated": "simulated: they have a state and an address, and nothing boots",
        "qemu": "real, run by QEMU",
    }
    rows = [
        ("EC2", found.ec2),
        ("S3", found.s3),
        ("EBS", found.ebs),
        ("machines", machines[found.machines]),
        ("calls", str(found.calls)),
    ]
    if found.faults:
        rows.append(("faults", found.faults))
    if found.forwards:
        rows.insert(-1, ("ports", ports(found.forwards)))
    return "The sandbox runs.\n" + "".join(f"  {name:<8}  {value}\n" for name, value in rows)


def ports(forwards: Mapping[int, int]) -> str:
    """The ports of machines that can be reached, and where, if that is elsewhere."""
    shown = (str(port) if port == here else f"{port} (at {here})" for port, here in forwards.items())
    return ", ".join(shown)
