"""A service with abilities taken away, as other clouds lack them (`extenci sandbox start --without NAMES`).

How clouds say it: OpenStack's ec2-api answers a parameter that it does not know with HTTP 500, and its
filters by tag find nothing; moto drops tags at the registration of an image in silence; S3 servers answer
NotImplemented (501), and buckets without ACLs AccessControlListNotSupported (S3 API reference, "Error
responses").
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from extenci.model.abilities import Ability, parse_names
from extenci.model.errors import UsageError
from extenci.sandbox.ebs.checks import read_json
from extenci.sandbox.ec2.service import ec2_error
from extenci.sandbox.http.access import KeyAccess
from extenci.sandbox.http.listener import HttpRequest, HttpResponse
from extenci.sandbox.http.service import Call, SandboxService
from extenci.sandbox.s3.service import s3_error

_ACTIONS: Mapping[str, Ability] = {
    "CreateTags": Ability.CREATE_TAGS,
    "DeleteTags": Ability.CREATE_TAGS,
    "DescribeTags": Ability.CREATE_TAGS,
    "ImportSnapshot": Ability.IMPORT_SNAPSHOT,
    "DescribeImportSnapshotTasks": Ability.IMPORT_SNAPSHOT,
    "GetConsoleOutput": Ability.CONSOLE,
    "CreateKeyPair": Ability.KEY_PAIRS,
    "ImportKeyPair": Ability.KEY_PAIRS,
    "DeleteKeyPair": Ability.KEY_PAIRS,
    "DescribeKeyPairs": Ability.KEY_PAIRS,
}
"""Actions that are not valid without an ability."""

_PARAMETERS: Mapping[str, Ability] = {
    "IncludeDisabled": Ability.INCLUDE_DISABLED,
    "MaxResults": Ability.PAGING,
    "EnaSupport": Ability.ENA,
    "ImdsSupport": Ability.IMDS,
    "BootMode": Ability.BOOT_MODE,
}
"""Parameters that end in HTTP 500 without an ability."""

_TAGGED: Mapping[str, Ability] = {
    "RegisterImage": Ability.TAG_IMAGE,
    "RunInstances": Ability.TAG_INSTANCE,
    "CreateKeyPair": Ability.TAG_KEY_PAIR,
    "ImportSnapshot": Ability.TAG_IMPORT_TASK,
}
"""Actions whose tags are dropped in silence without an ability."""

_FILTERS: Mapping[str, Ability] = {
    "client-token": Ability.FILTER_TOKEN,
    "instance-id": Ability.FILTER_ID,
    "snapshot-id": Ability.FILTER_ID,
    "image-id": Ability.FILTER_ID,
    "name": Ability.FILTER_ID,
}
_CONDITIONS = ("if-none-match", "if-match")
_S3_ACTIONS: Mapping[str, Ability] = {
    "ListMultipartUploads": Ability.LIST_UPLOADS,
    "CreateMultipartUpload": Ability.MULTIPART,
}
"""Actions of S3 that are not offered without an ability."""
_NOTHING = "nothing-has-this-value"
_LOCATION = re.compile(rb"<imageLocation>[^<]*</imageLocation>")


class LackingFile:
    """The names of the missing abilities in a file, which may change while the sandbox runs."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> frozenset[Ability]:
        """The abilities that are missing now; none where there is no file, or it says nonsense."""
        try:
            return parse_names(self._path.read_text("utf-8"))
        except (OSError, UsageError):
            return frozenset()


class LackingService:
    """Stands before a service, and refuses what it lacks."""

    def __init__(self, service: SandboxService, lacking: LackingFile) -> None:
        self.name = service.name
        self._service = service
        self._lacking = lacking

    def read(self, request: HttpRequest) -> Call:
        """See `Service.read`."""
        return self._service.read(request)

    def refuse(self, access: KeyAccess, call: Call) -> HttpResponse:
        """See `Service.refuse`."""
        return self._service.refuse(access, call)

    def fail(self, message: str) -> HttpResponse:
        """See `Service.fail`."""
        return self._service.fail(message)

    def answer(self, request: HttpRequest, call: Call) -> HttpResponse:
        """See `Service.answer`."""
        lacking = self._lacking.read()
        if not lacking:
            return self._service.answer(request, call)
        match self.name:
            case "ec2":
                return self._answer_ec2(request, call, lacking)
            case "s3":
                refusal = _refusal_of_s3(request, call, lacking)
                return refusal or self._service.answer(_unconditional(request, lacking), call)
            case _:
                if Ability.EBS_DIRECT in lacking:
                    return HttpResponse(404, {"Content-Type": "text/html"}, b"<h1>Not Found</h1>", "404")
                return self._service.answer(_untagged(request, call, lacking), call)

    def _answer_ec2(self, request: HttpRequest, call: Call, lacking: frozenset[Ability]) -> HttpResponse:
        refusal = _refusal_of_ec2(call, lacking)
        if refusal is not None:
            return refusal
        answer = self._service.answer(request, replace(call, parameters=_kept(call, lacking)))
        if Ability.IMAGE_LOCATION in lacking and call.action == "DescribeImages":
            return replace(answer, body=_LOCATION.sub(b"", answer.body))
        return answer


def _refusal_of_ec2(call: Call, lacking: frozenset[Ability]) -> HttpResponse | None:
    if _ACTIONS.get(call.action) in lacking:
        return ec2_error(400, "InvalidAction", f"The action {call.action} is not valid for this web service.")
    for name in call.parameters:
        if _PARAMETERS.get(name) in lacking:
            return ec2_error(500, "InternalError", f"unexpected keyword argument {name}")
    for _, name in _filters(call):
        if name == "client-token" and Ability.FILTER_TOKEN in lacking:
            return ec2_error(400, "InvalidParameterValue", f"The filter '{name}' is invalid")
    return None


def _filters(call: Call) -> list[tuple[str, str]]:
    """The prefix (`Filter.1.`) and name of each filter."""
    return [
        (key.removesuffix("Name"), value)
        for key, value in call.parameters.items()
        if re.fullmatch(r"Filter\.\d+\.Name", key)
    ]


def _kept(call: Call, lacking: frozenset[Ability]) -> Mapping[str, str]:
    """The parameters that the service understands; filters that it does not find nothing."""
    parameters = dict(call.parameters)
    if _TAGGED.get(call.action) in lacking:
        parameters = {
            name: value for name, value in parameters.items() if not name.startswith("TagSpecification")
        }
    if call.action == "RegisterImage" and lacking & {Ability.ENA, Ability.INCLUDE_DISABLED}:
        parameters["EnaSupport"] = "true"  # a cloud that does not know ENA demands it for no type
    if Ability.CLIENT_TOKEN in lacking:
        parameters.pop("ClientToken", None)  # a cloud that ignores tokens keeps none
    for prefix, name in _filters(call):
        ability = Ability.FILTER_TAG if name.startswith("tag") else _FILTERS.get(name)
        if ability in lacking:
            values = [key for key in parameters if key.startswith(prefix + "Value")]
            parameters |= dict.fromkeys(values, _NOTHING)
    return parameters


def _untagged(request: HttpRequest, call: Call, lacking: frozenset[Ability]) -> HttpRequest:
    if call.action != "StartSnapshot" or Ability.TAG_SNAPSHOT not in lacking:
        return request
    asked = read_json(request.body)
    asked.pop("Tags", None)
    return replace(request, body=json.dumps(asked).encode())


def _unconditional(request: HttpRequest, lacking: frozenset[Ability]) -> HttpRequest:
    """Without the ability, conditions of writes are ignored in silence, as by most S3 servers."""
    if Ability.CONDITIONAL_WRITES not in lacking or request.method != "PUT":
        return request
    kept = {name: value for name, value in request.headers.items() if name.lower() not in _CONDITIONS}
    return replace(request, headers=kept)


def _refusal_of_s3(request: HttpRequest, call: Call, lacking: frozenset[Ability]) -> HttpResponse | None:
    if Ability.S3_ACL in lacking and ("x-amz-acl" in request.headers or "acl" in call.action.lower()):
        return s3_error(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")
    if _S3_ACTIONS.get(call.action) in lacking:
        return s3_error(501, "NotImplemented", "A header or query you provided is not implemented.")
    return None
