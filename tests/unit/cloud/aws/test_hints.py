"""Hints go by what a service says, where its code alone has many meanings."""

from __future__ import annotations

import pytest

from extenci.cloud.aws.error_codes import kind_of_code


@pytest.mark.parametrize(
    ("code", "reason", "hint"),
    [
        (
            "InvalidParameterCombination",
            "The parameter groupName cannot be used with the parameter subnet",
            "named by id (sg-…)",
        ),
        (
            "InvalidParameterCombination",
            "Enhanced networking with the Elastic Network Adapter (ENA) is required for the 't3.micro' type.",
            "needs no ENA",
        ),
        ("InvalidParameterCombination", "Spot instances cannot be stopped", ""),
        (
            "Unsupported",
            "Your requested instance type (t2.nano) is not supported in your requested Availability Zone (x)",
            "another `type`",
        ),
        ("Unsupported", "The requested configuration is currently not supported", ""),
        (
            "InvalidParameterValue",
            "The architecture 'arm64' of the specified instance type does not match the architecture 'i386'",
            "image's architecture",
        ),
        (
            "InvalidBlockDeviceMapping",
            "Volume of size 1GB is smaller than snapshot 'snap-1', expect size >= 8GB",
            "at least its snapshot",
        ),
        ("InvalidBlockDeviceMapping", "Duplicate device name", ""),
        ("AuthFailure", "Not authorized for images: [ami-1]", "another account's"),
        (
            "AuthFailure",
            "AWS was not able to validate the provided access credentials",
            "the keys are not known",
        ),
        ("InternalError", "An internal error has occurred", "Try again later"),
    ],
)
def test_a_hint_fits_the_reason(code: str, reason: str, hint: str) -> None:
    _, found = kind_of_code(code, reason)
    assert hint in found
    assert bool(hint) == bool(found)
