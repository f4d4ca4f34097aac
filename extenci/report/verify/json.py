"""Results of verification as a JSON document, `format_version` 1."""

from __future__ import annotations

from collections.abc import Sequence

from extenci.model.observed import Unread
from extenci.model.verdict import Evidence, MachineReport, Verdict, VerifyResult
from extenci.report.plan.json import unread_document

VERIFY_JSON_VERSION = 1


def verification_document(
    results: Sequence[VerifyResult], unread: Sequence[Unread] = ()
) -> dict[str, object]:
    """All results as JSON values; `summary` counts them by verdict. `unread` stands there only where services
    were left out."""
    return {
        "format_version": VERIFY_JSON_VERSION,
        "ok": not unread and all(one.verdict is Verdict.PASSED for one in results),
        "images": [verified_image_document(one) for one in results],
        "summary": {str(verdict): sum(one.verdict is verdict for one in results) for verdict in Verdict},
        **({"unread": [unread_document(one) for one in unread]} if unread else {}),
    }


def verified_image_document(result: VerifyResult) -> dict[str, object]:
    """One version. Times are seconds, `at` and `expires` since the epoch."""
    return {
        "address": str(result.address),
        "version": result.version,
        "id": result.image,
        "verdict": str(result.verdict),
        "reason": result.decision.reason,
        "details": list(result.decision.details),
        "machine": result.machine,
        "host": result.host,
        "login": result.login,
        "kept": result.kept,
        "expires": result.expires,
        "at": result.at,
        "seconds": round(result.seconds, 3),
        **machine_report_document(result.report or MachineReport("")),
    }


def machine_report_document(report: MachineReport) -> dict[str, object]:
    """The findings about a machine."""
    boot = report.boot_seconds
    return {
        "boot_seconds": None if boot is None else round(boot, 3),
        "alarm": report.alarm,
        "console_end": report.console_end,
        "evidence_folder": report.folder,
        "checks": [evidence_document(one) for one in report.evidence],
    }


def evidence_document(evidence: Evidence) -> dict[str, object]:
    """One check."""
    return {
        "check": evidence.check,
        "kind": evidence.kind,
        "passed": evidence.passed,
        "message": evidence.message,
        "tries": evidence.tries,
        "seconds": round(evidence.seconds, 3),
        "output": evidence.output,
        "file": evidence.file,
    }
