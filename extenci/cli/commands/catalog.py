"""`extenci catalog`."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from extenci.cli.failures import report_error
from extenci.cli.terminal import palette_of, write_result
from extenci.model.errors import SpecError
from extenci.model.service import SANDBOX, KeyFiles

if TYPE_CHECKING:
    from extenci.catalog.home import Home
    from extenci.model.record import ResourceRecord
    from extenci.model.service import Service

app = typer.Typer(
    name="catalog",
    rich_markup_mode=None,
    no_args_is_help=True,
    help="The services this user has, and what is recorded as owned there.\n\n"
    "\b\nExamples:\n  extenci catalog list\n"
    "  extenci catalog add bnl --region us-east-1 --profile bnl\n  extenci catalog show bnl",
)

Name = Annotated[str, typer.Argument(help="The name of the service.", metavar="NAME")]


@app.command("list")
def list_() -> int:
    """List the services, and count what is recorded there."""
    from extenci.catalog.home import Home
    from extenci.catalog.services.files import service_files
    from extenci.report.catalog.text import render_services
    from extenci.spec.services.file import read_service

    home = Home.find()
    services, broken = [sandbox_service(home)], False
    for path in service_files(home).values():
        try:
            services.append(read_service(path))
        except SpecError as error:
            report_error(error)
            broken = True
    write_result(render_services(services, palette=palette_of(sys.stdout)))
    write_result(counts_text(records_of(home)))
    return 1 if broken else 0


@app.command("show")
def show(name: Name) -> int:
    """Show a service and what is recorded as owned there."""
    from extenci.catalog.home import Home
    from extenci.report.catalog.text import render_records, render_service

    home = Home.find()
    text = render_service(find(home, name))
    for stack, records in records_of(home).items():
        there = [record for record in records if record.service == name]
        if there:
            text += f"\nStack {stack}\n{render_records(there, palette=palette_of(sys.stdout))}"
    write_result(text)
    return 0


@app.command("init")
def init(name: Name) -> int:
    """Begin the records of a service that takes no tags (`tags: none`).

    There the records of this home alone tell what is owned, so apply refuses to start without any: it
    could not know what was made from elsewhere. Say this once, where nothing was made yet.
    """
    from extenci.catalog.home import Home
    from extenci.catalog.records import Catalog

    home = Home.find()
    find(home, name)
    with Catalog.open(home) as catalog:
        catalog.initialise(name)
    write_result(f"The records of this home are the truth for {name} from now on.\n")
    return 0


@app.command("add")
def add(  # noqa: PLR0913, PLR0917 - one parameter an option
    name: Name,
    region: Annotated[str | None, typer.Option(help="Its region.", metavar="REGION")] = None,
    ec2: Annotated[str | None, typer.Option(help="Endpoint of the EC2 API.", metavar="URL")] = None,
    s3: Annotated[str | None, typer.Option(help="Endpoint of the S3 API.", metavar="URL")] = None,
    ebs: Annotated[str | None, typer.Option(help="Endpoint of EBS direct APIs.", metavar="URL")] = None,
    access_key_file: Annotated[
        str | None, typer.Option(help="File that holds the access key id.", metavar="FILE")
    ] = None,
    secret_key_file: Annotated[
        str | None, typer.Option(help="File that holds the secret key.", metavar="FILE")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="Profile of the AWS configuration.", metavar="NAME")
    ] = None,
    ca_bundle: Annotated[
        str | None, typer.Option(help="PEM certificates that sign the endpoints'.", metavar="FILE")
    ] = None,
    launch: Annotated[
        str | None, typer.Option(help="Who starts machines: ec2 or condor.", metavar="HOW")
    ] = None,
    stage: Annotated[
        str | None, typer.Option(help="How images get there: ebs, import, bundle.", metavar="HOW")
    ] = None,
    tags: Annotated[
        str | None, typer.Option(help="When things can be tagged: create, after, none.", metavar="WHEN")
    ] = None,
    bucket: Annotated[str | None, typer.Option(help="Where uploads go.", metavar="BUCKET")] = None,
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
        str | None, typer.Option(help="Number of the account, for bundles.", metavar="NUMBER")
    ] = None,
) -> int:
    """Add a service. Keys are named by their files, never given themselves.

    \b
    Examples:
      extenci catalog add aws --region us-east-1 --profile default
      extenci catalog add bnl --region bnl --ec2 https://cloud.example:8773 \\
        --access-key-file ~/.keys/id --secret-key-file ~/.keys/secret
    """
    from extenci.catalog.home import Home
    from extenci.catalog.services.files import add_service
    from extenci.catalog.services.text import ServiceFields

    fields = ServiceFields(
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
    write_result(f"Added {name}: {add_service(Home.find(), name, fields)}\n")
    return 0


@app.command("edit")
def edit(name: Name) -> int:
    """Edit a service's file in $VISUAL or $EDITOR.

    A draft with mistakes is kept, and the file is left as it was.
    """
    from extenci.catalog.home import Home
    from extenci.catalog.services.edit import edit_service

    changed = edit_service(Home.find(), name)
    write_result(f"{name}: {'changed' if changed else 'nothing changed'}.\n")
    return 0


@app.command("remove")
def remove(name: Name) -> int:
    """Remove a service's file, unless something is owned there."""
    from extenci.catalog.home import Home
    from extenci.catalog.records import Catalog
    from extenci.catalog.services.files import remove_service

    home = Home.find()
    with Catalog.open(home) as catalog:
        write_result(f"Removed {name}: {remove_service(home, name, catalog)}\n")
    return 0


def find(home: Home, name: str) -> Service:
    """A service of the catalog, or the built-in one."""
    from extenci.catalog.services.files import find_service
    from extenci.spec.services.file import read_service

    return sandbox_service(home) if name == SANDBOX else read_service(find_service(home, name))


def sandbox_service(home: Home) -> Service:
    """The built-in service as it is now; it is not started for being shown."""
    from extenci.sandbox.control import key_files, status
    from extenci.spec.services.library import SANDBOX_STAND_IN

    found = status(home.path)
    nowhere = "http://127.0.0.1 (not running)"
    access, secret = key_files(home.path)
    return replace(
        SANDBOX_STAND_IN,
        ec2=found.ec2 or nowhere,
        s3=found.s3 or nowhere,
        ebs=found.ebs or nowhere,
        credentials=KeyFiles(str(access), str(secret)),
    )


def records_of(home: Home) -> dict[str, tuple[ResourceRecord, ...]]:
    """What is recorded as owned, by stack."""
    from extenci.catalog.records import Catalog

    with Catalog.open(home) as catalog:
        return {stack: tuple(catalog.records(stack).resources) for stack in catalog.stacks()}


def counts_text(owned: dict[str, tuple[ResourceRecord, ...]]) -> str:
    """How many of each kind are recorded, for each service and stack."""
    from collections import Counter

    from extenci.report.text.columns import columns

    counts = Counter(
        (record.service, stack, str(record.kind)) for stack, records in owned.items() for record in records
    )
    if not counts:
        return "\nNothing is recorded as owned.\n"
    rows = [("SERVICE", "STACK", "KIND", "RECORDS"), *((*key, str(counts[key])) for key in sorted(counts))]
    return "\n" + "\n".join(columns(rows)) + "\n"
