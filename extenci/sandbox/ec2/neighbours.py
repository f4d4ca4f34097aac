"""Calls of STS and SSM that clients of EC2 make beside it: they are answered at EC2's address.

Terraform's AWS provider asks STS whose the keys are; images are looked up by SSM parameters. Sources: STS API
reference, GetCallerIdentity; Systems Manager API reference.
"""

from __future__ import annotations

from moto.ssm.responses import SimpleSystemManagerResponse

from extenci.sandbox.http.listener import HttpRequest, HttpResponse
from extenci.sandbox.http.service import Call
from extenci.sandbox.state.cloud import ACCOUNT
from extenci.sandbox.state.moto_request import moto_request

CALLER = "GetCallerIdentity"
TARGET = "AmazonSSM."
"""What the header `X-Amz-Target` of SSM's calls begins with."""
_PARAMETER_CALLS = frozenset(
    ("PutParameter", "GetParameter", "GetParameters", "GetParametersByPath", "DescribeParameters",
     "DeleteParameter", "DeleteParameters", "GetParameterHistory", "AddTagsToResource",
     "RemoveTagsFromResource", "ListTagsForResource")
)  # fmt: skip


def neighbours_action(request: HttpRequest, parameters: dict[str, str]) -> str:
    """The action of a call to STS or SSM; "" for any other."""
    action = request.headers.get("x-amz-target", "").removeprefix(TARGET)
    if action in _PARAMETER_CALLS:
        return action
    return CALLER if parameters.get("Action") == CALLER else ""


def answer_neighbour(request: HttpRequest, call: Call) -> HttpResponse | None:
    """The answer of STS or SSM; None for a call of EC2."""
    if call.action == CALLER:
        return _identity(call.key)
    if call.action in _PARAMETER_CALLS:
        return _parameters(request)
    return None


def _identity(key: str) -> HttpResponse:
    body = (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        f"<Arn>arn:aws:iam::{ACCOUNT}:user/sandbox</Arn><UserId>{key}</UserId><Account>{ACCOUNT}</Account>"
        "</GetCallerIdentityResult><ResponseMetadata><RequestId>sandbox</RequestId></ResponseMetadata>"
        "</GetCallerIdentityResponse>"
    )
    return HttpResponse(200, {"Content-Type": "text/xml"}, body.encode())


def _parameters(request: HttpRequest) -> HttpResponse:
    asked = moto_request(request, "ssm")
    status, headers, body = SimpleSystemManagerResponse.dispatch(asked, asked.raw_url, dict(asked.headers))
    content = body.encode() if isinstance(body, str) else bytes(body)
    media = {"Content-Type": str(headers.get("Content-Type", "application/x-amz-json-1.1"))}
    return HttpResponse(int(status), media, content, "" if int(status) < 400 else str(status))
