"""`extenci catalog`."""

from __future__ import annotations

import shlex
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from extenci.cli.failures import report_error
from extenci.cli.help import Command
from extenci.cli.job import Job
from extenci.cli.options import Format, LockTimeout, Output, Trusted
from extenci.cli.terminal import palette_of, width_of, write_aside, write_json, write_result

app = typer.Typer(
    name="catalog",
    rich_markup_mode=None,
    no_args_is_help=True,
    help="The services of this user, and what is recorded as owned there.\n\n"
    "\b\nExamples:\n  extenci catalog list\n"
    "  extenci catalog add bnl --region us-east-1 --profile bnl\n  extenci catalog show bnl",
)

Name = Annotated[str, typer.Argument(help="The name of the service.", metavar="SERVICE")]
Root = Annotated[
    Path | None,
    typer.Argument(
        help="A folder of specs, whose own `services` count, too. Default: the current folder.",
        metavar="[ROOT]",
        show_default=False,
    ),
]


@app.command("list", cls=Command)
def list_(root: Root = None, output: Output = Format.TEXT) -> int:
    """List the services, and count what is recorded as owned there.

    \b
    Examples:
      extenci catalog list
      extenci catalog list path/to/specs
      extenci catalog list --format json
    """
    from extenci import api
    from extenci.report.catalog.json import services_document
    from extenci.report.catalog.records import render_counts
    from extenci.report.catalog.text import render_services

    found = api.list_services(root=root)
    if output is Format.JSON:
        write_json(services_document(found.services, found.errors, api.owned_resources()))
        return 1 if found.errors else 0
    for error in found.errors:
        report_error(error)
    for path in found.legacy:
        write_aside(
            f"{path} is not read. If it is a service file of the 2011 tools, run "
            f"`{shlex.join(['extenci', 'catalog', 'add', path.name.lower(), '--from', str(path)])}`.\n"
        )
    write_result(render_services(found.services, palette=palette_of(sys.stdout)))
    write_result("\n" + render_counts(api.owned_resources()))
    return 1 if found.errors else 0


@app.command("show", cls=Command)
def show(name: Name, root: Root = None) -> int:
    """Show a service and what is recorded as owned there.

    \b
    Example:
      extenci catalog show bnl
    """
    from extenci import api
    from extenci.report.catalog.text import render_records, render_service

    text = render_service(api.find_service(name, root=root))
    for stack, records in api.owned_resources().items():
        there = [record for record in records if record.service == name]
        if there:
            text += f"\nStack {stack}\n{render_records(there, palette=palette_of(sys.stdout))}"
    write_result(text)
    return 0


@app.command("init", cls=Command)
def init(name: Name, root: Root = None) -> int:
    """Begin the records of a service that takes no tags (`tags: none`).

    On such a service only the records of this home tell what is owned. Apply refuses to start without any,
    since it could not know what was made from elsewhere. Run this once, before anything is made there.

    \b
    Examples:
      extenci catalog init bnl
      extenci catalog init campus path/to/specs
    """
    from extenci import api

    api.init_service(name, root=root)
    write_result(f"The records of this home are the truth for {name} from now on.\n")
    return 0


@app.command("rebuild", cls=Command)
def rebuild(
    service: Annotated[
        str | None,
        typer.Argument(
            help="The service. Default: all services of the specs.", metavar="[SERVICE]", show_default=False
        ),
    ] = None,
    root: Annotated[
        Path | None,
        typer.Argument(
            help="The folder of the specs, whose stack it is. Default: the current folder.",
            metavar="[ROOT]",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be found and lost, and write nothing.")
    ] = False,
    lock_timeout: LockTimeout = 0.0,
    _trust: Trusted = None,
) -> int:
    """Make the records of a stack anew from what tags tell.

    For records that are lost or came from an old backup. Nothing on the services is changed. What is there
    but no longer carries the stack's tags was known by the records only: it is named, and the stack does not
    own it any more. Where a service takes no tags, the records are the truth and are kept. Verdicts, history
    and the fields that were last applied stay as they are.

    \b
    Examples:
      extenci catalog rebuild --dry-run
      extenci catalog rebuild bnl
      extenci catalog rebuild bnl path/to/specs
    """
    from extenci import api
    from extenci.report.catalog.rebuilt import render_rebuilt

    result = Job().run(
        lambda options: api.rebuild_records(service, root=root, dry_run=dry_run, options=options),
        api.Options(lock_timeout=lock_timeout),
    )
    write_result(render_rebuilt(result.services, result.stack, dry_run=dry_run, width=width_of(sys.stdout)))
    for one in result.unread:
        write_aside(f"{one}\n")
    return 0 if result.ok else 1


@app.command("add", cls=Command)
def add(  # noqa: PLR0913, PLR0917 - one parameter an option
    name: Name,
    region: Annotated[str | None, typer.Option(help="Region of the service.", metavar="REGION")] = None,
    ec2: Annotated[str | None, typer.Option(help="Endpoint of the EC2 API.", metavar="URL")] = None,
    s3: Annotated[str | None, typer.Option(help="Endpoint of the S3 API.", metavar="URL")] = None,
    ebs: Annotated[str | None, typer.Option(help="Endpoint of the EBS direct APIs.", metavar="URL")] = None,
    access_key_file: Annotated[
        str | None, typer.Option(help="File with the access key id.", metavar="FILE")
    ] = None,
    secret_key_file: Annotated[
        str | None, typer.Option(help="File with the secret key.", metavar="FILE")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="Profile in the AWS configuration.", metavar="NAME")
    ] = None,
    ca_bundle: Annotated[
        str | None, typer.Option(help="CA certificates (PEM) of the endpoints.", metavar="FILE")
    ] = None,
    launch: Annotated[
        str | None, typer.Option(help="What launches machines.", metavar="[ec2|condor]")
    ] = None,
    stage: Annotated[
        str | None, typer.Option(help="How to stage images.", metavar="[ebs|import|bundle]")
    ] = None,
    tags: Annotated[
        str | None, typer.Option(help="When tags can be set.", metavar="[create|after|none]")
    ] = None,
    bucket: Annotated[str | None, typer.Option(help="Bucket for uploads.", metavar="BUCKET")] = None,
    bundle_certificate: Annotated[
        str | None, typer.Option(help="The user's certificate, for bundles.", metavar="FILE")
    ] = None,
    bundle_private_key: Annotated[
        str | None, typer.Option(help="The user's private key, for bundles.", metavar="FILE")
    ] = None,
    bundle_cloud_certificate: Annotated[
        str | None, typer.Option(help="The cloud's certificate, for bundles.", metavar="FILE")
    ] = None,
    bundle_user: Annotated[
        str | None, typer.Option(help="The account's number, for bundles.", metavar="NUMBER")
    ] = None,
    legacy: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="A service file of the 2011 tools: `key = value` lines. Other options override it.",
            metavar="FILE",
        ),
    ] = None,
) -> int:
    """Add a service. Keys are named by their files, never given on the command line.

    \b
    Examples:
      extenci catalog add aws --region us-east-1 --profile default
      extenci catalog add bnl --region bnl --ec2 https://cloud.example:8773 \\
        --access-key-file ~/.keys/id --secret-key-file ~/.keys/secret
      extenci catalog add amazon --from catalog/service/Amazon
    """
    from extenci import api

    fields = api.ServiceFields(
        region,
        ec2,
        s3,
        ebs,
        access_key_file,
        secret_key_file,
        profile,
        ca_bundle,
        launch,
        stage,
        tags,
        bucket,
        bundle_certificate,
        bundle_private_key,
        bundle_cloud_certificate,
        bundle_user,
    )
    if legacy is not None:
        found = api.read_legacy_service(legacy)
        given = {key: value for key, value in asdict(fields).items() if value is not None}
        fields = replace(found.fields, **given)
        for place in found.unused:
            write_aside(f"Not taken over, since service files have no such key: {place}\n")
    write_result(f"Added {name}: {api.add_service(name, fields)}\n")
    return 0


@app.command("edit", cls=Command)
def edit(name: Name) -> int:
    """Edit a service's file in $VISUAL or $EDITOR.

    A draft with mistakes is kept, and the file stays as it was.

    \b
    Example:
      extenci catalog edit bnl
    """
    from extenci import api

    changed = api.edit_service(name)
    write_result(f"{name}: {'changed' if changed else 'nothing changed'}.\n")
    return 0


@app.command("remove", cls=Command)
def remove(name: Name) -> int:
    """Remove a service's file, unless something is owned there.

    \b
    Example:
      extenci catalog remove bnl
    """
    from extenci import api

    write_result(f"Removed {name}: {api.remove_service(name)}\n")
    return 0
