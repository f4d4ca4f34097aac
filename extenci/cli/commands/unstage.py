"""`extenci unstage`: an image that was staged by hand goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from extenci.cli.conversation import Words, carry_out
from extenci.cli.options import AutoApprove, Format, LockTimeout, Output

if TYPE_CHECKING:
    from extenci.api import Options
    from extenci.model.outcome import Result


def unstage(
    image: Annotated[
        str,
        typer.Argument(
            metavar="IMAGE", help="Its id, or the name that it was staged under.", show_default=False
        ),
    ],
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Where it is.", show_default=False)],
    stack: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Whose the image is. Default: as extenci.yaml here says."),
    ] = None,
    auto_approve: AutoApprove = False,
    lock_timeout: LockTimeout = 0.0,
    output: Output = Format.TEXT,
) -> int:
    """Remove an image that was staged by hand, after a question.

    It is deregistered, and what was uploaded for it is deleted where nothing else uses it. What the specs
    made is not for this command: take it out of the specs. An image that machines run from stays.

    \b
    Examples:
      extenci unstage worker sandbox
      extenci unstage ami-0123456789abcdef0 amazon --stack physics -y
    """
    from extenci import api

    desired = api.stack_on(service, stack=stack)

    def start(options: Options) -> Result:
        return api.unstage(desired, service, image, options=options)

    options = api.Options(lock_timeout=lock_timeout)
    return carry_out(start, options, output=output, auto_approve=auto_approve, words=Words("Unstage it"))
