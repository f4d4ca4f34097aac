"""The findings of `doctor` as a JSON document, `format_version` 1."""

from __future__ import annotations

from collections.abc import Sequence

from extenci.model.finding import Finding, Level, count_level

DOCTOR_JSON_VERSION = 1


def findings_document(findings: Sequence[Finding]) -> dict[str, object]:
    """The findings as JSON values; `ok` if there is no problem."""
    return {
        "format_version": DOCTOR_JSON_VERSION,
        "ok": count_level(findings, Level.PROBLEM) == 0,
        "findings": [
            {"subject": one.subject, "level": str(one.level), "text": one.text, "hint": one.hint}
            for one in findings
        ],
    }
