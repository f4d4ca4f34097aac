"""The findings of `doctor` as a JSON document, `format_version` 1."""

from __future__ import annotations

from collections.abc import Sequence

from extenci.model.abilities import Abilities, Ability
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
        "abilities": {
            one.subject: abilities_document(one.abilities) for one in findings if one.abilities is not None
        },
    }


def abilities_document(abilities: Abilities) -> dict[str, object]:
    """Abilities by name: whether the service has each (null: nobody knows), and how that is known."""
    return {
        str(ability): {
            "has": None if found is None else found.has,
            "source": None if found is None else str(found.source),
            "detail": "" if found is None else found.detail,
        }
        for ability in Ability
        for found in (abilities.evidence.get(ability),)
    }
