"""The result of a verification, kept beside its evidence."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from extenci.model.verdict import VerifyResult
from extenci.report.verify.json import verification_document
from extenci.report.verify.text import render_results
from extenci.verify.evidence_folder import EvidenceFolder


def save_summary(result: VerifyResult) -> None:
    """Write `summary.txt` and `summary.json` into the evidence folder, where there is one. A folder that is
    gone or full changes no verdict."""
    folder = result.report.folder if result.report else None
    if folder is None:
        return
    with suppress(OSError):
        evidence = EvidenceFolder(Path(folder))
        evidence.write("summary.txt", render_results([result]))
        evidence.write("summary.json", json.dumps(verification_document([result]), indent=2) + "\n")
