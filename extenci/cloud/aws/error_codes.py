"""The kind of error that a service's code stands for, and what to do about it.

Sources: EC2 API reference, "Error codes for the Amazon EC2 API"; EBS direct API reference, "Errors".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from extenci.model.errors import (
    AccessRefused,
    InUse,
    LimitReached,
    NotFound,
    ServiceError,
    Throttled,
)

Kind = type[ServiceError]

_KEYS = "Check the service's `credentials:`: the keys are not known there, or not for this service."
_RIGHTS = "Ask whoever runs the account to allow this call for these credentials."
_KEYS_OR_RIGHTS = (
    "The service does not say why: the keys are wrong, or may not do this. `extenci doctor` finds out which."
)
_TIME = "Renew the credentials, and check that this machine's clock is right."
_ACCOUNT = "The account is not ready for this: see the message, and ask whoever runs it."

_ACCESS = {
    "AuthFailure": _KEYS,
    "InvalidClientTokenId": _KEYS,
    "InvalidAccessKeyId": _KEYS,
    "InvalidToken": _KEYS,
    "UnrecognizedClientException": _KEYS,
    "MissingAuthenticationToken": _KEYS,
    "MissingAuthenticationTokenException": _KEYS,
    "SignatureDoesNotMatch": _KEYS,
    "InvalidSignatureException": _KEYS,
    "IncompleteSignature": _KEYS,
    "IncompleteSignatureException": _KEYS,
    "InvalidSecurity": _KEYS,
    "UnauthorizedOperation": _RIGHTS,
    "AccessDenied": _RIGHTS,
    "AccessDeniedException": _RIGHTS,
    "NotAuthorized": _RIGHTS,
    "Forbidden": _RIGHTS,
    "401": _KEYS,
    "403": _KEYS_OR_RIGHTS,
    "RequestExpired": _TIME,
    "ExpiredToken": _TIME,
    "ExpiredTokenException": _TIME,
    "TokenRefreshRequired": _TIME,
    "RequestTimeTooSkewed": _TIME,
    "Blocked": _ACCOUNT,
    "OptInRequired": _ACCOUNT,
    "PendingVerification": _ACCOUNT,
}

SIGNATURE_CODES = frozenset(
    (
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "IncompleteSignature",
        "IncompleteSignatureException",
    )
)
"""Their messages quote the canonical request, including the session token."""

_QUOTA = "Ask the service for a higher quota, or end what is no longer needed."
_CAPACITY = "Try later, or another type or availability zone."

_LIMITS = {
    "InsufficientInstanceCapacity": _CAPACITY,
    "InsufficientHostCapacity": _CAPACITY,
    "InsufficientReservedInstanceCapacity": _CAPACITY,
    "InsufficientCapacity": _CAPACITY,
    "InsufficientCapacityOnHost": _CAPACITY,
    "InsufficientFreeAddressesInSubnet": "Give another subnet: this one has no free addresses.",
    "SpotMaxPriceTooLow": "Raise spot_price, or launch without it.",
    "InstanceLimitExceeded": _QUOTA,
    "VcpuLimitExceeded": _QUOTA,
    "ResourceLimitExceeded": _QUOTA,
    "ServiceQuotaExceededException": _QUOTA,
    "ConcurrentSnapshotLimitExceeded": _QUOTA,
    "PendingSnapshotLimitExceeded": _QUOTA,
    "AMIQuotaExceeded": _QUOTA,
    "TagLimitExceeded": "Give fewer tags: a resource takes 50.",
}

_THROTTLES = frozenset(
    ("Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded", "RequestThrottled",
     "RequestThrottledException", "SlowDown", "TooManyRequestsException", "BandwidthLimitExceeded",
     "PriorRequestNotComplete", "EC2ThrottledException", "ClientRequestLimitExceeded",
     "ConcurrentLimitExceededException", "429")
)  # fmt: skip

_IN_USE = frozenset(
    ("DependencyViolation", "ResourceInUse", "ResourceInUseException", "OperationNotPermitted.InUse")
)

_UNKNOWN_ACTION = frozenset(
    ("InvalidAction", "UnknownAction", "ActionNotImplemented", "NotImplemented", "NotImplementedException",
     "UnsupportedOperation", "Unsupported", "UnknownOperationException", "MethodNotAllowed", "400", "404",
     "405", "501")
)  # fmt: skip
"""Codes by which services say that they do not have an action; a status where there is no code at all."""

SPENT = "IdempotentInstanceTerminated"
"""The code for a token whose machines were terminated (boto3, issue 4406): none will be launched with it."""

_HINTS = {
    SPENT: "The machines of this request have ended already. Apply again: that is another request.",
    "InvalidAMIName.Duplicate": "An image of this name is registered already.",
    "InternalError": "The service failed. Try again later.",
    "Unavailable": "The service is overloaded. Try again later.",
    "ServiceUnavailable": "The service is overloaded. Try again later.",
}

_VPC_GROUPS = "With `subnet`, security groups are named by id (sg-…)."
_TYPE_IN_ZONE = "Give another `type`, or an `availability_zone` (or `subnet`) that has it."
_VOLUME_SIZE = "Raise `size` or `root_volume`: a volume holds at least its snapshot."
_OTHER_ARCHITECTURE = "Give a `type` of the image's architecture, or correct the image's `architecture`."
_NO_ENA = "Give a `type` that needs no ENA, or an image that was registered with it."
_BOOT_MODE = "Give a `type` that knows the image's boot mode, or correct the image's `boot_mode`."

_HINTS_BY_REASON: Mapping[str, Sequence[tuple[str, str]]] = {
    "AuthFailure": (
        (r"not authorized for images", "The image is another account's, and not shared with this one."),
    ),
    "InvalidParameterCombination": (
        (r"group.?name|security group", _VPC_GROUPS),
        (
            r"\bENA\b|elastic network adapter",
            _NO_ENA,
        ),
        (r"boot mode", _BOOT_MODE),
        (r"architecture", _OTHER_ARCHITECTURE),
    ),
    "InvalidBlockDeviceMapping": ((r"smaller than|size|iops", _VOLUME_SIZE),),
    "InvalidParameterValue": (
        (r"boot mode", _BOOT_MODE),
        (r"architecture", _OTHER_ARCHITECTURE),
        (r"subnet.*group|group.*subnet", _VPC_GROUPS),
    ),
    "Unsupported": (
        (r"availability zone", _TYPE_IN_ZONE),
        (r"boot mode", _BOOT_MODE),
        (r"architecture", _OTHER_ARCHITECTURE),
    ),
}
"""For codes of many meanings: what to do where the message (in any case of letters) says this. Any other
message gets no hint, since a wrong one leads astray."""


_MISSING = frozenset(("InvalidAMIID.Unavailable", "NoSuchBucket", "NoSuchKey", "NoSuchUpload", "404"))


def kind_of_code(code: str, reason: str = "") -> tuple[Kind, str]:
    """The class of error that a code stands for, and what to do next ("" if that is not known). `reason` is
    the service's message."""
    if code in _ACCESS:
        return AccessRefused, _hint_by_reason(code, reason) or _ACCESS[code]
    if code in _THROTTLES or code.startswith("Throttl"):
        return Throttled, "Try again later, or with a lower --parallelism."
    if is_limit(code):
        return LimitReached, _LIMITS.get(code, _QUOTA)
    if code in _IN_USE or code.endswith((".InUse", "InUseException")):
        return InUse, "Something else uses it: find out what, and end that first."
    if is_missing(code):
        return NotFound, "It does not exist there (any more)."
    return ServiceError, _hint_by_reason(code, reason) or _hint(code)


def is_limit(code: str) -> bool:
    """Whether a code says that a quota or the capacity is used up."""
    return code in _LIMITS or code.startswith("MaxSpot") or code.endswith(("LimitExceeded", "QuotaExceeded"))


def is_missing(code: str) -> bool:
    """Whether a code says that a resource does not exist; a deregistered AMI is `Unavailable`."""
    missing = (".NotFound", "NotFoundException", ".Unknown")
    return code.endswith(missing) or code in _MISSING


def is_unknown_action(code: str) -> bool:
    """Whether a code says that a service does not have an action."""
    return code in _UNKNOWN_ACTION


def _hint_by_reason(code: str, reason: str) -> str:
    hints = _HINTS_BY_REASON.get(code, ())
    return next((hint for pattern, hint in hints if re.search(pattern, reason, re.IGNORECASE)), "")


def _hint(code: str) -> str:
    if code in _HINTS:
        return _HINTS[code]
    if code.isdigit() and code >= "500":
        return "The service failed. Try again later."
    if code.endswith(".Malformed"):
        return "Correct it: this is not how such ids or names are written."
    return ""
