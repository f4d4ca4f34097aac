"""Abilities that services' answers showed, so that no later run has to find them out again.

They count for one endpoint and one version of extenci: after an upgrade the service is asked anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from extenci.catalog.database.connection import Database
from extenci.model.abilities import Abilities, Ability, Evidence, Source
from extenci.model.release import __version__
from extenci.model.service import Service


class LearnedAbilities:
    """The learned abilities of all services of a home. Any thread may use it. CatalogError."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    def of(self, service: Service) -> Abilities:
        """The abilities that this version learned of a service at its present endpoints."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT ability, has, source, detail, at FROM abilities"
                " WHERE service = ? AND endpoint = ? AND version = ?",
                (service.name, endpoint_of(service), __version__),
            ).fetchall()
        names, sources = set(Ability), set(Source)
        return Abilities(
            {
                Ability(row["ability"]): Evidence(
                    bool(row["has"]), Source(row["source"]), row["detail"], row["at"]
                )
                for row in rows
                if row["ability"] in names and row["source"] in sources
            }
        )

    def remember(self, service: Service, ability: Ability, evidence: Evidence) -> None:
        """Write down what was learned."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO abilities VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (service.name, endpoint_of(service), __version__, str(ability), evidence.has,
                 str(evidence.source), evidence.detail, evidence.at),
            )  # fmt: skip

    def forget(self, service: Service) -> None:
        """Drop all that was learned of a service."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM abilities WHERE service = ?", (service.name,))


def endpoint_of(service: Service) -> str:
    """The endpoints that abilities belong to."""
    return " ".join(url or "-" for url in (service.ec2_url, service.s3, service.ebs))
