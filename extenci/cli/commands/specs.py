"""`extenci validate` and `extenci schema`: specs by themselves, without any service."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from extenci.cli.options import Format, Output, Paths
from extenci.cli.terminal import tell, write_json, write_result
from extenci.model.errors import SpecError

if TYPE_CHECKING:
    from extenci.model.desired import Desired


def validate(paths: Paths = None, output: Output = Format.TEXT) -> int:
    """Check the specs without calling any service.

    Prints every mistake with its file, line and column, and exits with 1 if there are any.

    \b
    Examples:
      extenci validate
      extenci validate specs --format json
    """
    from extenci import api

    try:
        desired = api.validate(paths or (), tell=tell)
    except SpecError as error:
        if output is Format.JSON:
            write_json(validation_document(error, None))
            return 1
        raise
    if output is Format.JSON:
        write_json(validation_document(None, desired))
    else:
        write_result(valid_text(desired))
    return 0


def valid_text(desired: Desired) -> str:
    """`2 files of stack example are valid: 1 image, 2 groups of machines.`"""
    from extenci.model.text import counted
    from extenci.report.text.safe import safe

    files = {spec.origin.file for spec in desired.images} | {spec.origin.file for spec in desired.instances}
    verb = "is" if len(files) == 1 else "are"
    images, groups = counted(len(desired.images), "image"), counted(len(desired.instances), "group")
    found = f"{counted(len(files), 'file')} of stack {safe(desired.stack)} {verb} valid"
    return f"{found}: {images}, {groups} of machines.\n"


def validation_document(error: SpecError | None, desired: Desired | None) -> dict[str, object]:
    """The problems of the specs, or their stack and addresses where there are none, as JSON values."""
    from extenci.report.text.problems import problems_document

    document = problems_document(error.problems if error else ())
    if desired is not None:
        document["stack"] = desired.stack
        document["images"] = [str(spec.address) for spec in desired.images]
        document["instances"] = [str(spec.address) for spec in desired.instances]
    return document


class Document(StrEnum):
    """The documents that have a schema: files that people write, then what commands print."""

    SPEC = "spec"
    SERVICE = "service"
    ROOT = "root"
    PLAN = "plan"
    RESULT = "result"
    STATUS = "status"
    EVENTS = "events"


def schema(
    document: Annotated[
        Document,
        typer.Argument(
            metavar=f"[{'|'.join(Document)}]",
            help="Spec files, service files, extenci.yaml; or, as JSON, a plan, the result of apply, the "
            "status, or one line of `apply --format events`.",
            show_default=False,
        ),
    ] = Document.SPEC,
) -> int:
    """Print the JSON Schema of files that extenci reads or prints.

    Editors that are given it complete and check files as you type. References between files, and what lies
    beside them, are checked by `extenci validate` only.

    \b
    Examples:
      extenci schema > extenci.schema.json
    then, as the first line of a spec file:
      # yaml-language-server: $schema=extenci.schema.json
      extenci schema service > service.schema.json
      extenci schema events > events.schema.json
    """
    from extenci import api

    write_json(api.schema(document))
    return 0
