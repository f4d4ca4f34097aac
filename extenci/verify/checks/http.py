"""http: a path is answered. No proxy is used, no redirection followed, and no certificate verified: a test VM
has none for its address, nothing secret is sent to it, and the question is whether the image serves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from extenci.model.verification import Check, Forwards
from extenci.spec.validation.fields import Port, Text
from extenci.spec.validation.strict import Expected
from extenci.verify.attempt import Attempt, AttemptResult, CheckContext
from extenci.verify.form import CheckForm, SpecFolder
from extenci.verify.kind import CheckKind

HttpPath = Annotated[
    str,
    StringConstraints(max_length=2001, pattern="^/[!-~]*$"),
    Expected("a path that begins with / and has no spaces"),
]


@dataclass(frozen=True)
class HttpCheck(Check):
    """A path is answered with `status`. `port` None: 80, with `tls` 443; `host` None: the address."""

    kind = "http"
    answers_soon = True

    http: str
    port: int | None = None
    status: int = 200
    host: str | None = None
    tls: bool = False

    @property
    def label(self) -> str:
        return f"{self.scheme} {f':{self.port}' if self.port else ''}{self.http}"

    @property
    def scheme(self) -> str:
        """The scheme of its URL."""
        return "https" if self.tls else "http"

    @property
    def usual_port(self) -> int:
        """The port that needs not be named."""
        return 443 if self.tls else 80

    def at_forwards(self, forwards: Forwards) -> Self:
        port = self.port or self.usual_port
        return replace(self, port=forwards[port]) if port in forwards else self


class HttpForm(CheckForm):
    """A path is answered."""

    http: HttpPath = Field(description="The path, such as `/health`.")
    port: Port | None = Field(default=None, description="Default: 80, with `tls` 443.")
    status: Annotated[int, Field(ge=100, le=599)] = Field(
        default=200, description="HTTP status expected. Default: 200."
    )
    host: Text | None = Field(default=None, description="Host header to send. Default: the address.")
    tls: bool = Field(
        default=False,
        description="Whether to use TLS. "
        "The certificate is not verified, since a test VM has none for its address.",
    )

    def resolve(self, folder: SpecFolder) -> HttpCheck:
        del folder
        return HttpCheck(self.http, self.port, self.status, self.host, self.tls, **self.limits())


def try_http(check: HttpCheck, context: CheckContext, attempt: Attempt) -> AttemptResult:
    """Ask once."""
    from extenci.verify.http_request import HttpRequest, Unanswered, send
    from extenci.verify.programs import excerpt

    address = context.target.address
    in_url = f"[{address}]" if ":" in address else address
    port = check.port or check.usual_port
    place = f"{in_url}:{port}"
    url = f"{check.scheme}://{place}{check.http}"
    header = check.host or (in_url if port == check.usual_port else place)
    request = HttpRequest(address, port, check.http, header, check.host or address, check.tls)
    try:
        answer = send(request, context.halt, attempt.seconds)
    except Unanswered as error:
        return AttemptResult(False, f"{url} {error}")
    attempt.log.write(answer.body)
    text = excerpt(answer.body.decode("utf-8", "replace"))
    if answer.status != check.status:
        message = f"{url} answered {answer.status} {answer.reason[:60]}, not {check.status}"
        return AttemptResult(False, message, text)
    return AttemptResult(True, f"{url} answered {answer.status}", text)


KIND = CheckKind(HttpCheck, HttpForm, try_http)
