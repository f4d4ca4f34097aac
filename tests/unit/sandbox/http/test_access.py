"""Who signed a request, and what they may do."""

from __future__ import annotations

import pytest

from extenci.sandbox.http.access import KeyAccess, access_key, access_of

V4 = "AWS4-HMAC-SHA256 Credential=AKIAV4/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0"


@pytest.mark.parametrize(
    ("headers", "parameters", "key"),
    [
        ({"authorization": V4}, {}, "AKIAV4"),
        ({"authorization": "AWS AKIAV2:c2lnbmF0dXJl"}, {}, "AKIAV2"),
        ({}, {"X-Amz-Credential": "AKIAURL%2F20260101/us-east-1/s3/aws4_request"}, "AKIAURL"),
        ({}, {"AWSAccessKeyId": "AKIAQUERY", "Signature": "0"}, "AKIAQUERY"),
        ({}, {"AWSAccessKeyId": "AKIAQUERY"}, ""),
        ({"authorization": "Basic dXNlcjpwYXNz"}, {}, ""),
        ({}, {}, ""),
    ],
)
def test_the_key_is_found_wherever_it_was_signed(
    headers: dict[str, str], parameters: dict[str, str], key: str
) -> None:
    assert access_key(headers, parameters) == key


@pytest.mark.parametrize(
    ("key", "access", "looks", "changes"),
    [
        ("AKIASANDBOX123456789", KeyAccess.FULL, True, True),
        ("AKIAREADONLY", KeyAccess.READ_ONLY, True, False),
        ("AKIADENIED0000000000", KeyAccess.DENIED, False, False),
        ("", KeyAccess.ANONYMOUS, False, False),
    ],
)
def test_a_keys_beginning_tells_what_it_may(key: str, access: KeyAccess, looks: bool, changes: bool) -> None:
    found = access_of(key)
    assert found is access
    assert (found.allows(changes=False), found.allows(changes=True)) == (looks, changes)
