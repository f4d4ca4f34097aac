"""`extenci gc`."""

from __future__ import annotations

from extenci.cli.applying import Words, carry_out
from extenci.cli.options import AutoApprove, Format, LockTimeout, Output, Paths, ServiceName
from extenci.model.outcomes import Result

WORDS = Words("Remove all this", "Nothing is left over from runs that were interrupted.\n")


def gc(
    paths: Paths = None,
    service: ServiceName = None,
    auto_approve: AutoApprove = False,
    lock_timeout: LockTimeout = 0.0,
    output: Output = Format.TEXT,
) -> int:
    """Remove what interrupted runs left behind, after a question.

    That is: test VMs that have expired or that nobody waits for, snapshots that never became an image, key
    pairs of test VMs that are gone, and files in ~/.extenci that nothing needs. Only what extenci made for
    this stack is touched, and nothing that a run, here or elsewhere, may still be at.

    \b
    Examples:
      extenci gc
      extenci gc specs --service bnl --auto-approve
    """
    from extenci import api

    def start(options: api.Options) -> Result:
        return api.gc(api.load(paths or (), service=service), options=options)

    options = api.Options(lock_timeout=lock_timeout)
    return carry_out(start, options, output=output, auto_approve=auto_approve, words=WORDS)
