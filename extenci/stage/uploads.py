"""Unfinished uploads in parts: those that the service lists, or that this home knows."""

from __future__ import annotations

from extenci.cloud.clients import Clients
from extenci.model.abilities import Ability
from extenci.model.errors import AccessRefused
from extenci.model.journal import History
from extenci.model.s3 import PartUpload


def unfinished_uploads(
    bucket: str, prefix: str, clients: Clients, history: History
) -> tuple[PartUpload, ...]:
    """The uploads under way to keys that begin with a prefix. Where the service does not list them, or not
    for these credentials, those that this home began: each may be gone by now. ServiceError and its kinds."""
    try:
        listed = clients.s3.multipart_uploads(bucket, prefix)
    except AccessRefused:
        return history.open_uploads(bucket, prefix)
    if clients.abilities.has(Ability.LIST_UPLOADS):
        return listed
    known = {one.id: one for one in (*history.open_uploads(bucket, prefix), *listed)}
    return tuple(known.values())
