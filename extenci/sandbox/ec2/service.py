"""EC2: moto's, with the corrected actions of this package before it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from moto.core.exceptions import ServiceException
from moto.core.request import Request as MotoRequest
from moto.core.utils import get_service_model
from moto.ec2.responses import EC2Response
from moto.ec2.responses._base_response import EC2BaseResponse

from extenci.sandbox.ec2.images.attributes import ImageAttributeActions
from extenci.sandbox.ec2.images.copies import ImageCopyActions
from extenci.sandbox.ec2.images.imports import ImportActions
from extenci.sandbox.ec2.instances.console import ConsoleActions
from extenci.sandbox.ec2.instances.lifecycle import settle
from extenci.sandbox.ec2.instances.spot import SpotActions
from extenci.sandbox.ec2.instances.template_actions import LaunchTemplateActions
from extenci.sandbox.ec2.neighbours import answer_neighbour, neighbours_action
from extenci.sandbox.ec2.tags import TagActions
from extenci.sandbox.ec2.wire import as_api_names, as_ec2_writes
from extenci.sandbox.http.access import KeyAccess, access_key
from extenci.sandbox.http.listener import HttpRequest, HttpResponse
from extenci.sandbox.http.query import count_from_one, read_query, write_query
from extenci.sandbox.http.service import Call
from extenci.sandbox.state.cloud import Cloud
from extenci.sandbox.state.moto_request import moto_request

_LOOKING = ("Describe", "Get", "List", "Search")
_NOT_HERE = {"CreateFleet", "RequestSpotFleet"}
"""What would launch machines past the checks of `launching`."""
AMAZON = "AmazonEC2"
"""EC2's header `Server`. By it, HTCondor knows a service whose client tokens it can trust; at any other it
makes a key pair for each job (ec2_gahp/amazonCommands.cpp, AmazonVMServerType)."""
_ALWAYS_PENDING = "RunInstances.Reservation.Instances.Instance.State"


class Ec2Actions(  # type: ignore[misc]  # moto's reset_snapshot_attribute only raises
    ImageAttributeActions,
    ImageCopyActions,
    SpotActions,
    LaunchTemplateActions,
    ImportActions,
    TagActions,
    ConsoleActions,
    EC2Response,
):
    """Every action, the corrected ones first.

    moto shows all that RunInstances answers as `pending`; a repeated client token answers with machines
    that may be running or gone by now.
    """

    RESPONSE_KEY_PATH_TO_TRANSFORMER = {  # noqa: RUF012  # moto's own name and kind
        path: change
        for path, change in EC2BaseResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER.items()
        if path != _ALWAYS_PENDING
    }

    def __init__(self, cloud: Cloud) -> None:
        super().__init__()
        self.cloud = cloud


def respond(cloud: Cloud, request: MotoRequest) -> tuple[int, Any, str | bytes]:
    """Status, headers, body. Raises NotImplementedError for what moto lacks, ValueError for bad numbers."""
    response = Ec2Actions(cloud)
    response.setup_class(request)
    status, headers, body = response.call_action()
    return int(status), headers, body


class Ec2Service:
    """The listener for EC2."""

    name = "ec2"

    def __init__(self, cloud: Cloud, server: str = AMAZON) -> None:
        self._cloud = cloud
        self._server = server
        self._operations = frozenset(get_service_model("ec2").operation_names) - _NOT_HERE

    def read(self, request: HttpRequest) -> Call:
        parameters = read_query(request.query)
        if request.method == "POST":
            parameters |= read_query(request.body.decode("utf-8", "replace"))
        action = parameters.get("Action", "")
        beside = neighbours_action(request, parameters)
        return Call(
            action=beside or (action if action in self._operations else ""),
            changes=not (beside or action).startswith(_LOOKING),
            key=access_key(request.headers, parameters),
            parameters=parameters,
        )

    def answer(self, request: HttpRequest, call: Call) -> HttpResponse:
        if (answer := answer_neighbour(request, call)) is not None:
            return answer
        if not call.action:
            return _no_such_action(call.parameters.get("Action", ""))
        body = write_query(count_from_one(as_api_names(call)))
        form = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        asked = moto_request(HttpRequest("POST", "/", "", form, body), "ec2")
        return self._guarded(lambda: respond(self._cloud, asked), call.action)

    def _guarded(self, act: Callable[[], tuple[int, Any, str | bytes]], action: str) -> HttpResponse:
        """With the lock held, and moto's own failures said as AWS would say them."""
        try:
            with self._cloud.lock:
                settle(self._cloud)
                status, headers, body = act()
        except NotImplementedError:
            return _no_such_action(action)
        except ServiceException as error:
            return ec2_error(400, error.code, error.message)
        except ValueError as error:
            return ec2_error(400, "InvalidParameterValue", f"A parameter has an invalid value: {error}")
        content = body.encode() if isinstance(body, str) else bytes(body)
        content = as_ec2_writes(content)
        media = {"Content-Type": str(headers.get("Content-Type", "text/xml"))}
        return HttpResponse(status, media, content, _error_code(status, content), self._server)

    def refuse(self, access: KeyAccess, call: Call) -> HttpResponse:  # noqa: ARG002
        """Refuse as EC2 does (API reference, "Common client error codes")."""
        match access:
            case KeyAccess.ANONYMOUS:
                return ec2_error(
                    401, "MissingAuthenticationToken", "The request must contain valid credentials."
                )
            case KeyAccess.DENIED:
                return ec2_error(
                    401,
                    "AuthFailure",
                    "AWS was not able to validate the provided access credentials",
                )
            case _:
                return ec2_error(
                    403, "UnauthorizedOperation", "You are not authorized to perform this operation."
                )

    def fail(self, message: str) -> HttpResponse:
        return ec2_error(500, "InternalError", message)


def ec2_error(status: int, code: str, message: str) -> HttpResponse:
    """An error as EC2 writes it (API reference, "Example error response")."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Response><Errors><Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
        "</Error></Errors><RequestID>sandbox</RequestID></Response>"
    )
    return HttpResponse(status, {"Content-Type": "text/xml;charset=UTF-8"}, body.encode(), code)


def _no_such_action(action: str) -> HttpResponse:
    if not action:
        return ec2_error(400, "MissingAction", "The request is missing an action.")
    message = f"The action {action} is not valid for this web service (the sandbox does not have it)."
    return ec2_error(400, "InvalidAction", message)


def _error_code(status: int, body: bytes) -> str:
    if status < 400:
        return ""
    found = re.search(rb"<Code>([^<]*)</Code>", body[:4096])
    return found[1].decode("utf-8", "replace") if found else str(status)
