"""The journal's calls on one service, as the history that later work looks at."""

from __future__ import annotations

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

    def registration(self, name: str) -> Registration | None:
        """See `History.registration`."""
        with self.database.reading() as connection:
            row = connection.execute(
                "SELECT result, at, settled_at FROM calls WHERE service = ? AND call = 'RegisterImage'"
                " AND token = ? AND failure IS NULL ORDER BY id DESC LIMIT 1",
                (self.service, name),
            ).fetchone()
        if row is None:
            return None
        image = unpack(row["result"]).get("image") if row["result"] is not None else None
        return Registration(row["settled_at"] or row["at"], str(image) if image else None)
