"""EBS direct's errors on the wire (rest-json: the name in a header, message and reason in the body)."""

from __future__ import annotations

import json

from extenci.sandbox.http.listener import HttpResponse


class EbsError(Exception):
    """An error with its HTTP status, its name and, where the API has one, its Reason."""

    def __init__(self, status: int, name: str, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.name = name
        self.message = message
        self.reason = reason

    def answer(self) -> HttpResponse:
        content = {"Message": self.message} | ({"Reason": self.reason} if self.reason else {})
        headers = {"Content-Type": "application/json", "x-amzn-ErrorType": self.name}
        return HttpResponse(self.status, headers, json.dumps(content).encode(), self.name)


def invalid(reason: str, message: str) -> EbsError:
    return EbsError(400, "ValidationException", message, reason)


def conflict(message: str) -> EbsError:
    return EbsError(409, "ConflictException", message)


def no_such_snapshot(snapshot_id: str) -> EbsError:
    return EbsError(
        404,
        "ResourceNotFoundException",
        f"The snapshot '{snapshot_id}' does not exist.",
        "SNAPSHOT_NOT_FOUND",
    )
