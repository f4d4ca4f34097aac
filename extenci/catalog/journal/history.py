"""The journal's calls on one service, as the history that later work looks at."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from extenci.catalog.database.connection import Database
from extenci.catalog.database.json_columns import unpack
from extenci.model.journal import Registration
from extenci.model.s3 import PartUpload

BEGINS, ENDS = "CreateMultipartUpload", ("CompleteMultipartUpload", "AbortMultipartUpload")


@dataclass(frozen=True)
class ServiceHistory:
    """A `History` of one service, over all stacks. Any thread may use it. CatalogError."""

    database: Database
    service: str

    def open_uploads(self, bucket: str, prefix: str) -> tuple[PartUpload, ...]:
        """See `History.open_uploads`. An upload whose completion has no known outcome may be there still."""
        with self.database.reading() as connection:
            rows = connection.execute(
                "SELECT call, request, result, at FROM calls WHERE service = ? AND call IN (?, ?, ?)"
                " AND result IS NOT NULL ORDER BY id",
                (self.service, BEGINS, *ENDS),
            ).fetchall()
        found: dict[object, PartUpload] = {}
        for row in rows:
            request = unpack(row["request"])
            key = str(request.get("key"))
            if row["call"] in ENDS:
                found.pop(request.get("upload"), None)
            elif request.get("bucket") == bucket and key.startswith(prefix):
                upload = str(unpack(row["result"]).get("upload"))
                found[upload] = PartUpload(key, upload, row["at"])
        return tuple(found.values())

    def registration(self, manifest: str) -> Registration | None:
        """See `History.registration`."""
        with self.database.reading() as connection:
            rows = connection.execute(
                "SELECT request, result, at, settled_at FROM calls WHERE service = ? AND failure IS NULL"
                " AND call = 'RegisterImage' AND request LIKE '%\"location\"%' ORDER BY id DESC",
                (self.service,),
            ).fetchall()
            row = next((one for one in rows if unpack(one["request"]).get("location") == manifest), None)
            image = unpack(row["result"]).get("image") if row and row["result"] is not None else None
            if row is None or (image and _is_deregistered(connection, self.service, str(image))):
                return None
        return Registration(row["settled_at"] or row["at"], str(image) if image else None)

    def manifest_of(self, image: str) -> str | None:
        """See `History.manifest_of`: by the record of the image, or else by the call that registered it."""
        with self.database.reading() as connection:
            row = connection.execute(
                "SELECT facts FROM resources WHERE service = ? AND id = ?", (self.service, image)
            ).fetchone()
            recorded = unpack(row["facts"]).get("manifest") if row is not None else None
            if recorded:
                return str(recorded)
            rows = connection.execute(
                "SELECT request, result FROM calls WHERE service = ? AND call = 'RegisterImage'"
                " AND result LIKE ? ORDER BY id DESC",
                (self.service, f'%"{image}"%'),
            ).fetchall()
        found = (unpack(row["request"]) for row in rows if unpack(row["result"]).get("image") == image)
        return next((str(one["location"]) for one in found if one.get("location")), None)


def _is_deregistered(connection: sqlite3.Connection, service: str, image: str) -> bool:
    rows = connection.execute(
        "SELECT request FROM calls WHERE service = ? AND call = 'DeregisterImage' AND failure IS NULL"
        " AND request LIKE ?",
        (service, f'%"{image}"%'),
    ).fetchall()
    return any(unpack(row["request"]).get("image") == image for row in rows)
