"""`extenci validate`."""

from __future__ import annotations

from extenci.cli.options import Format, Output, Paths
from extenci.cli.terminal import write_result
from extenci.model.desired import Wishes
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
        wishes = api.validate(paths or ())
    except SpecError as error:
        if output is Format.JSON:
            write_json(error, None)
            return 1
        raise
    if output is Format.JSON:
        write_json(None, wishes)
    else:
        write_result(valid_text(wishes))
    return 0


def valid_text(wishes: Wishes) -> str:
    """`2 files of stack example are valid: 1 image, 2 groups of machines.`"""
    from extenci.report.text.quantities import counted
    from extenci.report.text.safe import safe

    files = {wish.origin.file for wish in wishes.images} | {wish.origin.file for wish in wishes.instances}
    verb = "is" if len(files) == 1 else "are"
    images, groups = counted(len(wishes.images), "image"), counted(len(wishes.instances), "group")
    found = f"{counted(len(files), 'file')} of stack {safe(wishes.stack)} {verb} valid"
    return f"{found}: {images}, {groups} of machines.\n"


def write_json(error: SpecError | None, wishes: Wishes | None) -> None:
    """The problems, and what there is where there are none."""
    from extenci.report.plan.json import render_json
    from extenci.report.text.problems import problems_document

    document = problems_document(error.problems if error else ())
    if wishes is not None:
        document["stack"] = wishes.stack
        document["images"] = [str(wish.address) for wish in wishes.images]
        document["instances"] = [str(wish.address) for wish in wishes.instances]
    write_result(render_json(document))
