from __future__ import annotations

import pytest

from extenci.sandbox.ec2.wire import as_api_names, as_ec2_writes
from extenci.sandbox.http.service import Call


def call(action: str, **parameters: str) -> Call:
    return Call(action, False, "", {name.replace("__", "."): value for name, value in parameters.items()})


def test_a_single_id_may_come_as_a_list_of_one() -> None:
    assert as_api_names(call("GetConsoleOutput", InstanceId__1="i-1")) == {"InstanceId": "i-1"}
    assert as_api_names(call("TerminateInstances", InstanceId__1="i-1")) == {"InstanceId.1": "i-1"}


def test_a_filter_may_have_one_value_without_a_number() -> None:
    asked = call("DescribeImages", Filter__1__Name="name", Filter__1__Value="worker")
    assert as_api_names(asked) == {"Filter.1.Name": "name", "Filter.1.Value.1": "worker"}


DOC = b"http://ec2.amazonaws.com/doc/2016-11-15"
BARE = b'<CreateTagsResponse xmlns="%s"><requestId>r</requestId>%s</CreateTagsResponse>'
HEADED = b'<?xml version="1.0" encoding="%s"?>\n<R xmlns="%s/"/>'
SAID = b"<DescribeTagsResponse><tagSet/></DescribeTagsResponse>"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (BARE % (DOC, b""), BARE % (DOC + b"/", b"<return>true</return>")),
        (HEADED % (b"utf-8", DOC), HEADED % (b"UTF-8", DOC)),
        (SAID, SAID),
    ],
)
def test_answers_are_spelt_as_ec2_spells_them(written: bytes, expected: bytes) -> None:
    assert as_ec2_writes(written) == expected
