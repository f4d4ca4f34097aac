"""`extenci unstage`, the opposite of `extenci stage`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from extenci.cli.approval import ApprovalTexts, run_approved
from extenci.cli.options import AutoApprove, LockTimeout, RunFormat, RunOutput, StackName, Trusted

if TYPE_CHECKING:
    from extenci.api import Options
    from extenci.model.outcome import Result


def unstage(
    image: Annotated[
        str,
        typer.Argument(
            metavar="IMAGE", help="The image's id, or the name it was staged under.", show_default=False
        ),
    ],
    service: Annotated[
        str, typer.Argument(metavar="SERVICE", help="The service it is on.", show_default=False)
    ],
    stack: StackName = None,
    auto_approve: AutoApprove = False,
    lock_timeout: LockTimeout = 0.0,
    output: RunOutput = RunFormat.TEXT,
    _trust: Trusted = None,
) -> int:
    """Remove an image that `extenci stage` made. Asks for confirmation.

    The image is deregistered, and what was uploaded for it is deleted unless something else uses it. An image
    that machines run from stays. Given again, the command removes what an interrupted one has left. To remove
    an image that the specs made, take it out of the specs.

    \b
    Examples:
      extenci unstage worker sandbox
      extenci unstage ami-0123456789abcdef0 amazon --stack physics -y
    """
    from extenci import api

    def start(options: Options) -> Result:
        return api.unstage(image, service, stack=stack, options=options)

    options = api.Options(lock_timeout=lock_timeout)
    texts = ApprovalTexts("Unstage it", "It was unstaged before, and nothing is left of it.")
    return run_approved(start, options, output=output, auto_approve=auto_approve, texts=texts)
