"""Reads the answers to PutSnapshotBlock, and why there was none, as the SDK would."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pycurl
from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError
from botocore.retries.standard import RetryContext, StandardRetryConditions

from extenci.cloud.aws.answers.parsers import StrictParserFactory
from extenci.cloud.aws.error_codes import is_missing, kind_of_code
from extenci.cloud.blocks.block import CALL, damaged
from extenci.cloud.blocks.retries import FailureKind
from extenci.cloud.blocks.transfer import FinishedTransfer, TransferFailure
from extenci.model.errors import Throttled

_EXPIRED = frozenset(
    ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired", "InvalidToken")
)
_UNTRUSTED = frozenset(
    (
        pycurl.E_PEER_FAILED_VERIFICATION,
        pycurl.E_SSL_CACERT,
        pycurl.E_SSL_CACERT_BADFILE,
        pycurl.E_SSL_CERTPROBLEM,
        pycurl.E_SSL_CIPHER,
        pycurl.E_SSL_ISSUER_ERROR,
    )
)
_SLOW_REASONS = frozenset(("CONFLICTING_BLOCK_UPDATE", "WRITE_REQUEST_TIMEOUT"))
_UNREAD = "read block data"
"""In the message of INVALID_PARAMETER_VALUE when AWS gave up reading a body that came too slowly: "Failed to
read block data" (github.com/nanovms/ops, pull request 1268)."""
_NO_CONNECTION = frozenset((pycurl.E_COULDNT_CONNECT, pycurl.E_COULDNT_RESOLVE_HOST))
_TIMED_OUT = "timed out"


@dataclass(frozen=True)
class CallFailure:
    """A failed call: the SDK's error or ours, and its kind, which decides about a retry. `is_overload`: fewer
    calls at a time might have succeeded."""

    error: Exception
    kind: FailureKind
    is_overload: bool = False


class BlockAnswers:
    """Reads answers about the blocks of a snapshot. `client` is the SDK's."""

    def __init__(self, client: Any, service: str, snapshot: str) -> None:
        self._service = service
        self._snapshot = snapshot
        self._endpoint = str(client.meta.endpoint_url)
        self._model = model = client.meta.service_model
        self._operation = model.operation_model(CALL)
        self._parser = StrictParserFactory().create_parser(str(model.metadata["protocol"]))
        self._conditions = StandardRetryConditions(max_attempts=2)

    def read(self, finished: FinishedTransfer, index: int, checksum: str) -> CallFailure | None:
        """None if the service confirmed that it stored the block; `checksum` is the one that was sent."""
        if finished.failure is not None:
            return self._read_transfer_failure(finished.failure)
        if not 200 <= finished.status < 300:
            return self._read_error_response(finished)
        stored = finished.headers.get("x-amz-checksum")
        if not stored:
            return CallFailure(ResponseParserError("no Checksum"), FailureKind.TRANSIENT)
        if stored != checksum:
            return CallFailure(damaged(self._service, self._snapshot, index), FailureKind.DAMAGED)
        return None

    def _read_error_response(self, finished: FinishedTransfer) -> CallFailure:
        answer = {"status_code": finished.status, "headers": finished.headers, "body": finished.body}
        try:
            parsed = self._parser.parse(answer, self._operation.output_shape)
        except ResponseParserError as error:
            return CallFailure(error, FailureKind.FINAL)
        if "Error" not in parsed:  # a redirect, which the SDK's client does not follow either
            parsed["Error"] = {"Code": str(finished.status)}
        code = str(parsed["Error"].get("Code", ""))
        shape = self._model.shape_for_error_code(code)
        if shape is not None:  # with the fields that the model knows, as the SDK's client does
            parsed = {**self._parser.parse(answer, shape), **parsed}
        kind = self._kind(code, parsed, finished)
        is_overload = kind in (FailureKind.THROTTLED, FailureKind.SLOW) or finished.status == 503
        return CallFailure(sdk.ClientError(parsed, CALL), kind, is_overload)

    def _kind(self, code: str, parsed: dict[str, Any], finished: FinishedTransfer) -> FailureKind:
        if code in _EXPIRED:
            return FailureKind.EXPIRED
        if finished.status == 429 or kind_of_code(code)[0] is Throttled:
            return FailureKind.THROTTLED
        if is_missing(code):
            return FailureKind.NO_SNAPSHOT
        reason, message = str(parsed.get("Reason", "")), str(parsed["Error"].get("Message", ""))
        if reason in _SLOW_REASONS or _UNREAD in message:
            return FailureKind.SLOW
        if reason == "INVALID_BLOCK":
            return FailureKind.DAMAGED
        answer = SimpleNamespace(status_code=finished.status, headers=finished.headers)
        context = RetryContext(
            attempt_number=1,
            operation_model=self._operation,
            parsed_response=parsed,
            http_response=answer,
        )
        is_worth_it = self._conditions.is_retryable(context)
        return FailureKind.TRANSIENT if is_worth_it or finished.status >= 500 else FailureKind.FINAL

    def _read_transfer_failure(self, failure: TransferFailure) -> CallFailure:
        error, kind = self._transfer_error(failure)
        is_overload = not failure.is_proxy and failure.code == pycurl.E_OPERATION_TIMEDOUT
        return CallFailure(error, kind, is_overload)

    def _transfer_error(self, failure: TransferFailure) -> tuple[Exception, FailureKind]:
        url, reason = self._endpoint, failure.reason
        if failure.is_proxy:
            return sdk.ProxyConnectionError(proxy_url="", error=reason), FailureKind.NO_CONNECTION
        if failure.code in _UNTRUSTED:
            return sdk.SSLError(endpoint_url=url, error=ssl.SSLError(reason)), FailureKind.FINAL
        if failure.code in _NO_CONNECTION:
            return sdk.EndpointConnectionError(endpoint_url=url, error=reason), FailureKind.NO_CONNECTION
        if failure.code == pycurl.E_OPERATION_TIMEDOUT and failure.was_connected:
            return sdk.ReadTimeoutError(endpoint_url=url, error=_TIMED_OUT), FailureKind.SLOW
        if failure.code == pycurl.E_OPERATION_TIMEDOUT:
            return sdk.ConnectTimeoutError(endpoint_url=url, error=_TIMED_OUT), FailureKind.NO_CONNECTION
        return sdk.ConnectionClosedError(endpoint_url=url), FailureKind.TRANSIENT
