"""The question whether the service files of specs may use what they ask for."""

from __future__ import annotations

import sys

from extenci.cli.terminal import is_yes, width_of
from extenci.model.errors import NotTrusted


def is_allowed(error: NotTrusted) -> bool:
    """Ask a person, once for each service, and remember what is allowed; False where something is not, or
    where there is no terminal to ask at."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    from extenci import api
    from extenci.report.catalog.trust import request_text
    from extenci.report.text.safe import paragraph

    for request in error.requests:
        lines = paragraph(request_text(request), width_of(sys.stderr))
        if not is_yes("\n".join((*lines, "Allow that from now on?"))):
            return False
        api.grant_requests([request])
    return True
