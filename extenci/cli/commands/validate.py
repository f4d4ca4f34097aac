"""`extenci validate`."""

from __future__ import annotations

from extenci.cli.options import Format, Output, Paths
from extenci.cli.terminal import write_result
from extenci.model.desired import Desired
from extenci.model.errors import SpecError


def validate(paths: Paths = None, output: Output = Format.TEXT) -> int:
    """Check the specs without calling any service.

    Prints every mistake with its file, line and column, and exits with 1 where there is one.

    \b
    Examples:
      extenci validate
      extenci validate specs --format json
    """
    from extenci import api

    try:
        desired = api.validate(paths or ())
    except SpecError as error:
        if output is Format.JSON:
            write_json(error, None)
            return 1
        raise
    if output is Format.JSON:
        write_json(None, desired)
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


def write_json(error: SpecError | None, desired: Desired | None) -> None:
    """The problems, and what there is where there are none."""
    from extenci.report.plan.json import render_json
    from extenci.report.text.problems import problems_document

    document = problems_document(error.problems if error else ())
    if desired is not None:
        document["stack"] = desired.stack
        document["images"] = [str(spec.address) for spec in desired.images]
        document["instances"] = [str(spec.address) for spec in desired.instances]
    write_result(render_json(document))
