"""Translates the SDK's errors into ones that users can act on: service, address, call, reason, next step.

Sources: EC2 API reference, "Error codes for the Amazon EC2 API"; EBS direct API reference, "Common errors"
and RequestThrottledException; botocore/exceptions.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

from extenci.cloud.aws.answers.limits import is_reading
from extenci.cloud.aws.answers.parsers import MalformedValue, MissingValue
from extenci.cloud.aws.answers.readable import UnreadableBody
from extenci.cloud.aws.error_codes import SIGNATURE_CODES, kind_of_code
from extenci.cloud.http.bounds import BoundPassed, TooSlow, passed_bound
from extenci.model.errors import AccessRefused, ServiceError, Unreachable, UnreadableAnswer

REASON_CHARACTERS = 400

_NO_CREDENTIALS = (
    sdk.NoCredentialsError,
    sdk.PartialCredentialsError,
    sdk.ProfileNotFound,
    sdk.CredentialRetrievalError,
    sdk.ConfigNotFound,
    sdk.ConfigParseError,
    sdk.InvalidConfigError,
    sdk.MetadataRetrievalError,
    sdk.SSOError,
    sdk.TokenRetrievalError,
    sdk.RefreshWithMFAUnsupportedError,
)
_NO_ANSWER = (sdk.HTTPClientError, sdk.ConnectionError, sdk.ReadTimeoutError, sdk.IncompleteReadError)


@dataclass(frozen=True)
class Asked:
    """A question, and whom it was put to. No text shows what is `hidden`."""

    service: str
    call: str
    address: str = ""
    hidden: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The service and, if it is known, its address (without a user name and password)."""
        address = re.sub(r"//[^/@]*@", "//", self.address)
        return f"The service {self.service}" + (f" at {address}" if address else "")

    def clean(self, text: str) -> str:
        """A text from the service or the SDK as one line of limited length, without secrets."""
        for secret in self.hidden:
            text = text.replace(secret, "***")
        text = re.split(r"\s*Encoded authorization failure message", text)[0]
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return (line[:REASON_CHARACTERS] + "…" if len(line) > REASON_CHARACTERS else line).rstrip(".")


@contextmanager
def translated(service: str, call: str, address: str = "", hidden: tuple[str, ...] = ()) -> Iterator[None]:
    """Turn every error that the SDK raises inside the block into a ServiceError.

    The SDK's own error is not chained: it may quote requests, and with them user data or signatures.
    """
    asked = Asked(service, call, address, hidden)
    try:
        yield
    except sdk.ClientError as error:
        raise _refused(asked, error) from None
    except (ResponseParserError, UnreadableBody) as error:
        raise _unreadable(asked, error) from None
    except sdk.ParamValidationError as error:
        raise _not_asked(asked, str(error)) from None
    except _NO_CREDENTIALS as error:
        raise _no_credentials(asked, error) from None
    except _NO_ANSWER as error:
        raise _no_answer(asked, error) from None
    except sdk.BotoCoreError as error:
        raise ServiceError(
            f"{asked.place} could not be asked for {call}: {asked.clean(str(error))}.",
            service=service,
            call=call,
        ) from None


def _refused(asked: Asked, error: sdk.ClientError) -> ServiceError:
    details = error.response.get("Error", {})
    code, reason = str(details.get("Code", "")), asked.clean(str(details.get("Message", "")))
    kind, hint = kind_of_code(code, reason)
    if code in SIGNATURE_CODES:
        reason = "the request's signature is not valid"  # the services' own messages quote signed headers
    if code.isdigit() or not code:
        said = f"{asked.place} answered {asked.call} with HTTP status {code or 'unknown'}"
    else:
        said = f"{asked.place} refused {asked.call} ({asked.clean(code)})"
    return kind(
        f"{said}: {reason}." if reason and reason != "Unknown" else f"{said}.",
        hint,
        service=asked.service,
        call=asked.call,
        code=code,
        reason=str(error.response.get("Reason", "")),
    )


def _unreadable(asked: Asked, error: ResponseParserError | UnreadableBody | BoundPassed) -> UnreadableAnswer:
    hint = "Check the service's URLs: something else may listen there, or a proxy may stand between."
    match error:
        case UnreadableBody(problem=problem):
            said = f"answered {asked.call} {problem}"
        case MalformedValue(field=field):
            said = f"answered {asked.call} with a value of {asked.clean(field)} that cannot be read"
        case MissingValue(field=field):
            said = f"answered {asked.call} without {asked.clean(field)}"
        case BoundPassed():
            said = f"gave an answer to {asked.call} that {error}"
        case _:
            said = f"gave an answer to {asked.call} that is not of the EC2 family of APIs"
    if not is_reading(asked.call):
        hint = f"Whether it was done is not known: apply again, which finds out. {hint}"
    return UnreadableAnswer(f"{asked.place} {said}.", hint, service=asked.service, call=asked.call)


def _not_asked(asked: Asked, report: str) -> ServiceError:
    """Shows only the parameters' names: the SDK's report also quotes their values."""
    names = sorted(set(re.findall(r"parameter:? \"?([A-Za-z0-9_.\[\]]+)\"?", report)))
    about = f" of {', '.join(names)}" if names else ""
    return ServiceError(
        f"{asked.place} was not asked for {asked.call}: the value{about} is not one that the call takes.",
        "Correct the setting in the spec.",
        service=asked.service,
        call=asked.call,
    )


def _no_credentials(asked: Asked, error: sdk.BotoCoreError) -> AccessRefused:
    return AccessRefused(
        f"The service {asked.service} cannot be called: {asked.clean(str(error))}.",
        "Correct the service's `credentials:` or the AWS SDK's configuration. Where it is a login that ran "
        "out: `aws sso login`.",
        service=asked.service,
        call=asked.call,
    )


def _no_answer(asked: Asked, error: Exception) -> ServiceError:
    passed = passed_bound(error)
    if passed is not None and not isinstance(passed, TooSlow):
        return _unreadable(asked, passed)
    match error:
        case sdk.SSLError():
            said = f"cannot be trusted: {asked.clean(_after_colon(error))}"
            hint = "Name the certificates that sign the service's as `ca_bundle:` in its file."
        case sdk.ProxyConnectionError():
            said = "cannot be reached through the proxy"
            hint = "Check HTTPS_PROXY, or name the service's host in NO_PROXY."
        case _ if passed is not None:
            said = f"gave an answer that {passed}"
            hint = "Check your network and the service, and try again."
        case sdk.ConnectTimeoutError() | sdk.ReadTimeoutError():
            said = "did not answer in time"
            hint = "Check the service's URL and your network, and try again."
        case sdk.EndpointConnectionError():
            said = "cannot be reached: no connection"
            hint = "Check the service's URL, that it is running, and your network."
        case _:
            said = "broke the connection off"
            hint = "Check the service's URL (http or https?) and your network, and try again."
    return Unreachable(f"{asked.place} {said} ({asked.call}).", hint, service=asked.service, call=asked.call)


def _after_colon(error: Exception) -> str:
    """The reason in an SSLError's text, which begins with the URL."""
    return re.sub(r"^SSL validation failed for \S+ ", "", str(error))
