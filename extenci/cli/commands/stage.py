"""`extenci stage`, the 2011 command: a disk becomes an image of a service, by hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extenci.cli.conversation import command_line, exit_status
from extenci.cli.options import Format, LockTimeout, Output
from extenci.cli.progress import open_progress
from extenci.cli.signals import Stopping
from extenci.cli.terminal import palette_of, width_of, write_aside, write_result
from extenci.model.address import Architecture, BootMode, Method

if TYPE_CHECKING:
    from extenci.api import ManualStaging

FORMAT_VERSION = 1


def stage(  # noqa: PLR0913, PLR0917 - a parameter for each argument and option
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="A disk: raw, qcow2, VMDK, VHD, VHDX; a path or a URL.", show_default=False
        ),
    ],
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Where it goes.", show_default=False)],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What the image is called. Default: as the file.")
    ] = None,
    method: Annotated[Method | None, typer.Option(help="How. Default: the service's.")] = None,
    architecture: Annotated[
        Architecture, typer.Option(help="Architecture to register.")
    ] = Architecture.X86_64,
    boot_mode: Annotated[
        BootMode | None, typer.Option(help="Boot mode to register. Default: the service's.")
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(min=1, max=65536, metavar="GIB", help="Volume size. Default: the disk's, rounded up."),
    ] = None,
    sha256: Annotated[
        str | None, typer.Option(metavar="HEX", help="What the file's SHA-256 must be; needed for URLs.")
    ] = None,
    stack: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Whose the image is. Default: as extenci.yaml here says."),
    ] = None,
    unbundle: Annotated[
        str | None,
        typer.Option(
            metavar="MANIFEST",
            help="The other way: make FILE from a bundle, whose manifest is at a path or s3://BUCKET/KEY, "
            "with SERVICE's keys.",
        ),
    ] = None,
    lock_timeout: LockTimeout = 0.0,
    output: Output = Format.TEXT,
) -> int:
    """Stage a disk on a service: upload and register it.

    Prints the image's id, and nothing else, on stdout. The same disk staged again is found, and nothing is
    uploaded. Specs are not needed, and no plan touches what it stages; `extenci unstage` removes it.

    \b
    Examples:
      extenci stage worker.raw sandbox
      extenci stage worker.qcow2 amazon --stack physics --boot-mode uefi
      ami=$(extenci stage worker.raw amazon --name worker --stack physics)
      extenci stage --unbundle worker.manifest.xml worker.raw bnl
    """
    if unbundle is not None:
        return make_disk(unbundle, Path(file), service, output)
    from extenci import api
    from extenci.spec.arguments import Staging

    how = Staging(name, method, architecture, boot_mode, size, sha256)
    desired = api.desired_for_staging(file, service, how, stack=stack)
    progress, stopping = open_progress(), Stopping()
    options = api.Options(
        lock_timeout=lock_timeout,
        listener=progress.listen,
        stop=stopping.event,
        command=command_line(),
    )
    try:
        with stopping.handling():
            staged = api.stage(desired, options=options)
    finally:
        progress.pause()
    show(staged, output)
    return exit_status(staged.result)


def make_disk(manifest: str, disk: Path, service: str, output: Format) -> int:
    """Make the disk of a bundle again, and print its path."""
    from extenci import api

    stopping = Stopping()
    with stopping.handling():
        api.unbundle(manifest, disk, service=service, options=api.Options(stop=stopping.event))
    if output is Format.JSON:
        from extenci.report.plan.json import render_json

        write_result(render_json({"format_version": FORMAT_VERSION, "disk": str(disk)}))
    else:
        write_result(f"{disk}\n")
    return 0


def show(staged: ManualStaging, output: Format) -> None:
    """Print the image's id; what went wrong, or how it is called, goes to stderr."""
    from extenci.report.result.text import render_result

    if output is Format.JSON:
        from extenci.report.plan.json import render_json

        write_result(render_json(document(staged)))
    elif staged.image and staged.result.ok:
        write_result(f"{staged.image}\n")
    if not staged.result.ok:
        write_aside(render_result(staged.result, palette=palette_of(sys.stderr), width=width_of(sys.stderr)))
    elif staged.found:
        write_aside(f"{staged.address} was staged already: {staged.image}.\n")
    else:
        write_aside(f"Staged {staged.address}: {staged.image}.\n")


def document(staged: ManualStaging) -> dict[str, object]:
    """What became of it as JSON values. `image` is null where it could not be staged; `found`: nothing was
    to be done."""
    from extenci.report.result.json import result_document

    return {
        "format_version": FORMAT_VERSION,
        "address": str(staged.address),
        "image": staged.image if staged.result.ok else None,
        "found": staged.found is not None,
        "result": result_document(staged.result),
    }


def main() -> None:
    """The command by its old name, `extenci-stage`."""
    from extenci.cli.main import main as run_main

    sys.argv.insert(1, "stage")
    run_main()
