"""What the service answered to PutSnapshotBlock, or why it did not: read as the SDK would."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pycurl
from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError, create_parser
from botocore.retries.standard import RetryContext, StandardRetryConditions

from extenci.cloud.aws.error_codes import is_missing, kind_of_code
from extenci.cloud.blocks.block import CALL, damaged
from extenci.cloud.blocks.retries import Trouble
from extenci.cloud.blocks.transfers import Failed, Finished
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
"""In the message of INVALID_PARAMETER_VALUE where AWS gave up reading a body that came too slowly: "Failed to
read block data" (github.com/nanovms/ops, pull request 1268)."""
_NO_CONNECTION = frozenset((pycurl.E_COULDNT_CONNECT, pycurl.E_COULDNT_RESOLVE_HOST))
_TIMED_OUT = "timed out"


@dataclass(frozen=True)
class Refusal:
    """A call that did not do what it was to: the SDK's error, or ours, and what it means for another try.
    `is_overload`: fewer calls at a time might have fared better."""

    error: Exception
    trouble: Trouble
    is_overload: bool = False


class BlockAnswers:
    """Reads answers about the blocks of a snapshot. `client` is the SDK's."""

    def __init__(self, client: Any, service: str, snapshot: str) -> None:
        self._service = service
        self._snapshot = snapshot
        self._endpoint = str(client.meta.endpoint_url)
        self._model = model = client.meta.service_model
        self._operation = model.operation_model(CALL)
        self._parser = create_parser(str(model.metadata["protocol"]))
        self._conditions = StandardRetryConditions(max_attempts=2)

    def read(self, finished: Finished, index: int, checksum: str) -> Refusal | None:
        """None where the service confirmed that it stored the block; `checksum` as it was sent."""
        if finished.failed is not None:
            return self._read_failure(finished.failed)
        if not 200 <= finished.status < 300:
            return self._read_refusal(finished)
        stored = finished.headers.get("x-amz-checksum")
        if not stored:
            return Refusal(ResponseParserError("no Checksum"), Trouble.TRANSIENT)
        if stored != checksum:
            return Refusal(damaged(self._service, self._snapshot, index), Trouble.DAMAGED)
        return None

    def _read_refusal(self, finished: Finished) -> Refusal:
        answer = {"status_code": finished.status, "headers": finished.headers, "body": finished.body}
        try:
            parsed = self._parser.parse(answer, self._operation.output_shape)
        except ResponseParserError as error:
            return Refusal(error, Trouble.FINAL)
        if "Error" not in parsed:  # a redirection, which the SDK's client does not follow either
            parsed["Error"] = {"Code": str(finished.status)}
        code = str(parsed["Error"].get("Code", ""))
        shape = self._model.shape_for_error_code(code)
        if shape is not None:  # with what the model knows of it, as the SDK's client does
            parsed = {**self._parser.parse(answer, shape), **parsed}
        trouble = self._trouble(code, parsed, finished)
        is_overload = trouble in (Trouble.THROTTLED, Trouble.SLOW) or finished.status == 503
        return Refusal(sdk.ClientError(parsed, CALL), trouble, is_overload)

    def _trouble(self, code: str, parsed: dict[str, Any], finished: Finished) -> Trouble:
        if code in _EXPIRED:
            return Trouble.EXPIRED
        if finished.status == 429 or kind_of_code(code)[0] is Throttled:
            return Trouble.THROTTLED
        if is_missing(code):
            return Trouble.UNBORN
        reason, message = str(parsed.get("Reason", "")), str(parsed["Error"].get("Message", ""))
        if reason in _SLOW_REASONS or _UNREAD in message:
            return Trouble.SLOW
        if reason == "INVALID_BLOCK":
            return Trouble.DAMAGED
        answer = SimpleNamespace(status_code=finished.status, headers=finished.headers)
        context = RetryContext(
            attempt_number=1,
            operation_model=self._operation,
            parsed_response=parsed,
            http_response=answer,
        )
        is_worth_it = self._conditions.is_retryable(context)
        return Trouble.TRANSIENT if is_worth_it or finished.status >= 500 else Trouble.FINAL

    def _read_failure(self, failed: Failed) -> Refusal:
        url, reason = self._endpoint, failed.reason
        if failed.is_proxy:
            return Refusal(sdk.ProxyConnectionError(proxy_url="", error=reason), Trouble.NO_CONNECTION)
        if failed.code in _UNTRUSTED:
            return Refusal(sdk.SSLError(endpoint_url=url, error=ssl.SSLError(reason)), Trouble.FINAL)
        if failed.code in _NO_CONNECTION:
            return Refusal(sdk.EndpointConnectionError(endpoint_url=url, error=reason), Trouble.NO_CONNECTION)
        if failed.code == pycurl.E_OPERATION_TIMEDOUT and failed.was_connected:
            return Refusal(sdk.ReadTimeoutError(endpoint_url=url, error=_TIMED_OUT), Trouble.SLOW, True)
        if failed.code == pycurl.E_OPERATION_TIMEDOUT:
            error = sdk.ConnectTimeoutError(endpoint_url=url, error=_TIMED_OUT)
            return Refusal(error, Trouble.NO_CONNECTION, True)
        return Refusal(sdk.ConnectionClosedError(endpoint_url=url), Trouble.TRANSIENT)
