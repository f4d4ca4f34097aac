from __future__ import annotations

import base64
import datetime
import hashlib
from collections.abc import Mapping

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from extenci.cloud.blocks.signing import BlockSigner, Keys, SignedRequest, host_of

NOW = datetime.datetime(2026, 11, 24, 15, 4, 54, tzinfo=datetime.UTC)
CHECKSUM = base64.b64encode(hashlib.sha256(b"a block").digest()).decode()
ENDPOINTS = [
    "https://ebs.us-east-1.amazonaws.com",
    "https://EBS.us-east-1.amazonaws.com:443/",
    "http://127.0.0.1:8773",
    "http://[::1]:8773",
    "https://cloud.example.edu/services/EBS direct/",
    "https://cloud.example.edu/a%20b//c/../~d+e/",
]


def headers_of(request: SignedRequest) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in request.headers)


def botocores(monkeypatch: pytest.MonkeyPatch, request: SignedRequest, keys: Keys) -> Mapping[str, str]:
    """What botocore makes of the same request, without its signature, at the same time."""
    ours = headers_of(request)
    unsigned = {name: text for name, text in ours.items() if name not in ("authorization", "x-amz-date")}
    theirs = AWSRequest("PUT", request.url, unsigned, data=b"a block")
    theirs.context["payload_signing_enabled"] = False
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_: NOW)
    credentials = Credentials(keys.access_key, keys.secret_key, keys.token)
    botocore.auth.SigV4Auth(credentials, "ebs", "us-east-1").add_auth(theirs)
    return {name.lower(): text for name, text in theirs.headers.items()}


@pytest.mark.parametrize("token", [None, "a/session+token=="])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_signature_is_botocores_byte_for_byte(
    monkeypatch: pytest.MonkeyPatch, endpoint: str, token: str | None
) -> None:
    keys = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG", token)
    signer = BlockSigner(endpoint, "snap-0123", "us-east-1", "ebs")
    request = signer.sign(4711, CHECKSUM, keys, NOW.timestamp())
    assert headers_of(request) == botocores(monkeypatch, request, keys)


@given(
    index=st.integers(0, 2**37),
    secret=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
)
def test_any_block_and_any_key_are_signed_as_botocore_does(index: int, secret: str) -> None:
    keys = Keys("AKIDEXAMPLE", secret)
    signer = BlockSigner(ENDPOINTS[0], "snap-0123", "us-east-1", "ebs")
    with pytest.MonkeyPatch.context() as patch:
        request = signer.sign(index, CHECKSUM, keys, NOW.timestamp())
        assert headers_of(request) == botocores(patch, request, keys)


def test_another_day_and_other_keys_are_other_signatures() -> None:
    signer = BlockSigner(ENDPOINTS[0], "snap-0123", "us-east-1", "ebs")
    day = 86400.0
    keys, others = Keys("AKIDEXAMPLE", "one"), Keys("AKIDEXAMPLE", "other")
    signed = [
        signer.sign(0, CHECKSUM, who, when).headers[-1] for who in (keys, others) for when in (0.0, day)
    ]
    assert len(set(signed)) == 4
    assert signer.sign(0, CHECKSUM, keys, 0.0).headers[-1] == signed[0]


def test_secrets_are_not_in_what_keys_look_like() -> None:
    assert "hush" not in repr(Keys("AKIDEXAMPLE", "hush", "hush"))


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://user:word@Example.edu:443/x", "example.edu"),
        ("http://example.edu:443", "example.edu:443"),
        ("http://[::1]:80/x", "[::1]"),
        ("https://[::1]:8443", "[::1]:8443"),
    ],
)
def test_the_host_is_without_user_and_without_a_port_that_goes_without_saying(url: str, host: str) -> None:
    assert host_of(url) == host
