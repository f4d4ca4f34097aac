"""Requests and answers in EC2's own spelling, which clients other than the AWS SDKs depend on."""

from __future__ import annotations

import re
from collections.abc import Mapping

from extenci.sandbox.http.service import Call

_SCALARS: Mapping[str, str] = {"GetConsoleOutput": "InstanceId"}
"""Parameters that take one value, which boto 2 sends as a list of one."""
_VALUE = re.compile(r"Filter\.\d+\.Value")
_NAMESPACE = re.compile(rb'xmlns="(http://ec2\.amazonaws\.com/doc/[0-9-]+)"')
_BARE = re.compile(rb"(<[A-Za-z]+Response[^>]*>)(<requestId>[^<]*</requestId>)(</[A-Za-z]+Response>)")


def as_api_names(call: Call) -> dict[str, str]:
    """A call's parameters under the names of the API reference. AWS also takes `InstanceId.1` for a single id
    (boto 2), and `Filter.1.Value` for `Filter.1.Value.1` (Perl's VM::EC2)."""
    parameters = {
        f"{name}.1" if _VALUE.fullmatch(name) else name: value for name, value in call.parameters.items()
    }
    scalar = _SCALARS.get(call.action)
    if scalar is not None and scalar not in parameters and f"{scalar}.1" in parameters:
        parameters[scalar] = parameters.pop(f"{scalar}.1")
    return parameters


def as_ec2_writes(content: bytes) -> bytes:
    """An answer as EC2 writes it: UTF-8 in capitals (HTCondor compares it), a namespace that ends in "/"
    (libcloud finds nothing without), and `<return>true</return>` where there is nothing else to say."""
    content = content.replace(b'encoding="utf-8"?>', b'encoding="UTF-8"?>', 1)
    content = _NAMESPACE.sub(rb'xmlns="\1/"', content, count=1)
    return _BARE.sub(rb"\1\2<return>true</return>\3", content, count=1)
