"""Requests as the laboratory sees them: API, action, whose key, and whether they may change something."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, parse_qsl, urlsplit

Api = str
"""`ec2`, `s3` or `ebs`."""

_EBS = (
    ("POST", re.compile(r"/snapshots"), "StartSnapshot"),
    ("PUT", re.compile(r"/snapshots/[^/]+/blocks/\d+"), "PutSnapshotBlock"),
    ("POST", re.compile(r"/snapshots/completion/[^/]+"), "CompleteSnapshot"),
)
_S3 = {
    ("POST", "uploads"): "CreateMultipartUpload",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("POST", ""): "DeleteObjects",
    ("PUT", "uploadId"): "UploadPart",
    ("PUT", ""): "PutObject",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("DELETE", ""): "DeleteObject",
    ("HEAD", ""): "HeadObject",
    ("GET", "uploads"): "ListUploads",
}
"""Actions of S3 by method, and by the parameter of the query that says that they are about an upload."""
_KEY = re.compile(r"Credential=([^/,\s]+)/")


@dataclass
class Call:
    """A request; header names are lower case."""

    api: Api
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    parameters: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.api == "ec2":
            text = self.body.decode("utf-8", "replace") if self.body else urlsplit(self.target).query
            self.parameters = dict(parse_qsl(text, keep_blank_values=True))

    @property
    def key(self) -> str:
        """The access key that signed it, "" where none did in the header."""
        found = _KEY.search(self.headers.get("authorization", ""))
        return found[1] if found else ""

    @property
    def is_extencis(self) -> bool:
        """Whether extenci made it, and not HTCondor's GAHP."""
        return "extenci/" in self.headers.get("user-agent", "")

    @property
    def action(self) -> str:
        """The name of the action; of reads by EBS direct, `ReadEbs`."""
        match self.api:
            case "ec2":
                return self.parameters.get("Action", "?")
            case "ebs":
                return next(
                    (
                        name
                        for method, path, name in _EBS
                        if method == self.method and path.fullmatch(urlsplit(self.target).path)
                    ),
                    "ReadEbs",
                )
            case _:
                return self._of_s3()

    @property
    def changes(self) -> bool:
        """Whether the action may change something."""
        return not self.action.startswith(("Describe", "Get", "List", "Head", "Read", "?"))

    def _of_s3(self) -> str:
        query = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        of_upload = "uploads" if "uploads" in query else "uploadId" if "uploadId" in query else ""
        return _S3.get((self.method, of_upload)) or _S3.get((self.method, ""), "GetObject")


@dataclass
class Answer:
    """A response."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


@dataclass
class Delivery:
    """An answer on its way to the client. Without an answer the connection is reset. `framed` is the length
    that the header names, where that is not the body's; the connection is then closed after the body."""

    answer: Answer | None
    framed: int | None = None
    label: str = ""
    """The fault, for the log; "" for none."""
