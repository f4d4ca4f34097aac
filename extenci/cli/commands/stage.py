"""`extenci stage`, as in 2011: a disk becomes an image of a service, without specs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extenci.cli.job import Job, exit_status
from extenci.cli.options import Format, LockTimeout, Output, Raw, StackName, Trusted
from extenci.cli.terminal import palette_of, width_of, write_aside, write_json, write_result
from extenci.model.version import Architecture, BootMode, Method

if TYPE_CHECKING:
    from extenci.api import StageResult

STAGE_JSON_VERSION = 1


def stage(  # noqa: PLR0913, PLR0917 - a parameter for each argument and option
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="A disk: raw, qcow2, VMDK, VHD, VHDX; a path or a URL.", show_default=False
        ),
    ],
    service: Annotated[
        str, typer.Argument(metavar="SERVICE", help="The service to stage it on.", show_default=False)
    ],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the image. Default: that of the file.")
    ] = None,
    method: Annotated[
        Method | None, typer.Option(help="How to stage it. Default: as the service says.")
    ] = None,
    architecture: Annotated[
        Architecture, typer.Option(help="Architecture to register.")
    ] = Architecture.X86_64,
    boot_mode: Annotated[
        BootMode | None, typer.Option(help="Boot mode to register. Default: as the service says.")
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(min=1, max=65536, metavar="GIB", help="Volume size. Default: the disk's, rounded up."),
    ] = None,
    sha256: Annotated[
        str | None, typer.Option(metavar="HEX", help="The SHA-256 that the file must have; needed for URLs.")
    ] = None,
    raw: Raw = False,
    stack: StackName = None,
    unbundle: Annotated[
        str | None,
        typer.Option(
            metavar="MANIFEST",
            help="The opposite: make FILE from the bundle with this manifest, a path or s3://BUCKET/KEY, "
            "using SERVICE's keys.",
        ),
    ] = None,
    lock_timeout: LockTimeout = 0.0,
    output: Output = Format.TEXT,
    _trust: Trusted = None,
) -> int:
    """Stage a disk on a service: upload and register it.

    Prints the image's id, and nothing else, to stdout. A disk that is staged already is found, and nothing is
    uploaded. No specs are needed, and no plan touches what this stages; `extenci unstage` removes it.

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

    how = api.Staging(name, method, architecture, boot_mode, size, sha256, raw)
    staged = Job().run(
        lambda options: api.stage(file, service, how, stack=stack, options=options),
        api.Options(lock_timeout=lock_timeout),
    )
    show(staged, output)
    return exit_status(staged.result)


def make_disk(manifest: str, disk: Path, service: str, output: Format) -> int:
    """Make the disk of a bundle again, and print its path."""
    from extenci import api

    Job().run(lambda options: api.unbundle(manifest, disk, service=service, options=options), api.Options())
    if output is Format.JSON:
        write_json({"format_version": STAGE_JSON_VERSION, "disk": str(disk)})
    else:
        write_result(f"{disk}\n")
    return 0


def show(staged: StageResult, output: Format) -> None:
    """Print the image's id; the failure, or the image's address, goes to stderr."""
    from extenci.report.result.text import render_result

    if output is Format.JSON:
        write_json(document(staged))
    elif staged.image and staged.result.ok:
        write_result(f"{staged.image}\n")
    if not staged.result.ok:
        write_aside(render_result(staged.result, palette=palette_of(sys.stderr), width=width_of(sys.stderr)))
    elif staged.found:
        write_aside(f"{staged.address} was staged already: {staged.image}.\n")
    else:
        write_aside(f"Staged {staged.address}: {staged.image}.\n")


def document(staged: StageResult) -> dict[str, object]:
    """The result as JSON values. `image` is null where it could not be staged; `found` says that it was
    staged before."""
    from extenci.report.result.json import result_document

    return {
        "format_version": STAGE_JSON_VERSION,
        "address": str(staged.address),
        "image": staged.image if staged.result.ok else None,
        "found": staged.found is not None,
        "result": result_document(staged.result),
    }
