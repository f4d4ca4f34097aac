from __future__ import annotations

import traceback

import pytest
from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

from extenci.cloud.aws.errors import translated
from extenci.model.errors import (
    AccessRefused,
    InUse,
    LimitReached,
    NotFound,
    ServiceError,
    Throttled,
    Unreachable,
    UnreadableAnswer,
)

SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"
SELF_SIGNED = Exception("self-signed certificate")
URL = "https://ec2.example.org/"


def refusal(code: str, message: str = "The reason.") -> sdk.ClientError:
    return sdk.ClientError({"Error": {"Code": code, "Message": message}}, "RunInstances")


def said(error: Exception, call: str = "RunInstances") -> ServiceError:
    with (
        pytest.raises(ServiceError) as caught,
        translated("campus", call, "https://ec2.example.org", (SECRET,)),
    ):
        raise error
    return caught.value


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AuthFailure", AccessRefused),
        ("UnauthorizedOperation", AccessRefused),
        ("InvalidClientTokenId", AccessRefused),
        ("UnrecognizedClientException", AccessRefused),
        ("AccessDeniedException", AccessRefused),
        ("SignatureDoesNotMatch", AccessRefused),
        ("RequestExpired", AccessRefused),
        ("ExpiredToken", AccessRefused),
        ("InvalidAMIID.NotFound", NotFound),
        ("InvalidAMIID.Unavailable", NotFound),
        ("InvalidInstanceID.NotFound", NotFound),
        ("InvalidSnapshot.NotFound", NotFound),
        ("InvalidGroup.NotFound", NotFound),
        ("ResourceNotFoundException", NotFound),
        ("InvalidSnapshot.InUse", InUse),
        ("InstanceLimitExceeded", LimitReached),
        ("VcpuLimitExceeded", LimitReached),
        ("InsufficientInstanceCapacity", LimitReached),
        ("MaxSpotInstanceCountExceeded", LimitReached),
        ("ResourceLimitExceeded", LimitReached),
        ("SnapshotLimitExceeded", LimitReached),
        ("ServiceQuotaExceededException", LimitReached),
        ("RequestLimitExceeded", Throttled),
        ("Throttling", Throttled),
        ("ThrottlingException", Throttled),
        ("RequestThrottledException", Throttled),
        ("InvalidParameterValue", ServiceError),
        ("InvalidAMIName.Duplicate", ServiceError),
        ("InternalError", ServiceError),
        ("503", ServiceError),
    ],
)
def test_the_code_decides_the_kind(code: str, kind: type[ServiceError]) -> None:
    error = said(refusal(code))
    assert type(error) is kind
    assert (error.service, error.call, error.code) == ("campus", "RunInstances", code)


def test_a_refusal_says_service_address_call_code_reason_and_next_step() -> None:
    error = said(refusal("UnauthorizedOperation", "You are not authorized to perform this operation."))
    assert str(error) == (
        "The service campus at https://ec2.example.org refused RunInstances (UnauthorizedOperation): "
        "You are not authorized to perform this operation.\n"
        "Ask whoever runs the account to allow this call for these credentials."
    )


def test_a_status_without_a_code_is_told_as_a_status() -> None:
    error = said(refusal("503", "Service Unavailable"))
    assert error.message == (
        "The service campus at https://ec2.example.org answered RunInstances with HTTP status 503: "
        "Service Unavailable."
    )


def test_an_encoded_authorization_failure_is_left_out() -> None:
    error = said(refusal("UnauthorizedOperation", "No. Encoded authorization failure message: 4Qdm9t"))
    assert "4Qdm9t" not in str(error)
    assert "No." in str(error)


@pytest.mark.parametrize(
    "code", ["SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature"]
)
def test_refused_signatures_do_not_quote_what_was_signed(code: str) -> None:
    error = said(refusal(code, "The Canonical String should have been x-amz-security-token:FwoGZXIvYXdz"))
    assert "FwoGZXIvYXdz" not in str(error)


def test_no_secret_of_the_credentials_gets_through() -> None:
    error = said(refusal("InvalidParameterValue", f"You sent me {SECRET}!"))
    assert SECRET not in "".join(traceback.format_exception(error))
    assert "You sent me ***!" in error.message


def test_what_a_service_says_is_one_line_and_not_endless() -> None:
    error = said(refusal("InvalidParameterValue", "one\n\x1b[31mtwo\n" + "x" * 10_000))
    assert "one [31mtwo" in error.message
    assert len(error.message) < 700


def test_parameters_that_the_sdk_refuses_are_named_without_their_values() -> None:
    report = f"Invalid type for parameter UserData, value: {SECRET}, type: <class 'int'>, valid types: str"
    error = said(sdk.ParamValidationError(report=report))
    assert "UserData" in error.message
    assert SECRET not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (sdk.EndpointConnectionError(endpoint_url=URL), "cannot be reached: no connection"),
        (sdk.ConnectTimeoutError(endpoint_url=URL), "did not answer in time"),
        (sdk.ReadTimeoutError(endpoint_url=URL), "did not answer in time"),
        (sdk.ConnectionClosedError(endpoint_url=URL), "broke the connection off"),
        (sdk.ProxyConnectionError(proxy_url="http://user:pw@proxy"), "cannot be reached through the proxy"),
        (sdk.SSLError(endpoint_url=URL, error=SELF_SIGNED), "self-signed certificate"),
        (sdk.IncompleteReadError(actual_bytes=1, expected_bytes=2), "broke the connection off"),
    ],
)
def test_no_answer_is_unreachable(error: Exception, words: str) -> None:
    found = said(error)
    assert type(found) is Unreachable
    assert words in found.message
    assert "campus at https://ec2.example.org" in found.message
    assert "pw" not in str(found)


def test_an_untrusted_certificate_names_ca_bundle() -> None:
    assert "ca_bundle" in said(sdk.SSLError(endpoint_url=URL, error=SELF_SIGNED)).hint


@pytest.mark.parametrize(
    "error",
    [
        sdk.NoCredentialsError(),
        sdk.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
        sdk.ProfileNotFound(profile="research"),
        sdk.UnauthorizedSSOTokenError(),
    ],
)
def test_missing_credentials_are_refused_access(error: Exception) -> None:
    assert type(said(error)) is AccessRefused


def test_an_answer_that_is_no_xml_is_no_ec2() -> None:
    error = said(ResponseParserError(f"Unable to parse response, invalid XML received: <html>{SECRET}"))
    assert type(error) is UnreadableAnswer
    assert "not of the EC2 family" in error.message
    assert SECRET not in str(error)


def test_other_errors_of_the_sdk_are_service_errors() -> None:
    assert type(said(sdk.UnknownServiceError(service_name="x", known_service_names="y"))) is ServiceError


def test_errors_that_are_not_the_sdks_pass() -> None:
    with pytest.raises(ZeroDivisionError), translated("campus", "RunInstances"):
        raise ZeroDivisionError
