"""The SDK's clients of one service, each created when it is first needed.

Creating one takes 0.2 s, mostly to read the SDK's description of the API. So all threads share the clients,
and all services share the descriptions.
"""

from __future__ import annotations

import ssl
import stat
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.handlers import generate_idempotent_uuid
from botocore.session import Session

from extenci.cloud.abilities import AbilityBook
from extenci.cloud.aws.answers.connections import CONNECTIONS
from extenci.cloud.aws.answers.limits import CONNECT_SECONDS, LIMITS, Limits
from extenci.cloud.aws.answers.parsers import StrictParserFactory
from extenci.cloud.aws.answers.retries import ATTEMPTS, Retries
from extenci.cloud.aws.answers.transport import Transport, begin_call
from extenci.cloud.aws.answers.waiting import Waiting
from extenci.cloud.aws.botocore_models import shared_loader
from extenci.cloud.aws.credentials import hidden_of, open_session
from extenci.cloud.aws.errors import translated
from extenci.cloud.aws.plain_http import may_use_proxy, require_encryption
from extenci.cloud.blocks.endpoint import CurrentKeys, Endpoint, endpoint_of
from extenci.model.errors import ServiceError
from extenci.model.release import __version__
from extenci.model.service import KeyFiles, Service

CREDENTIAL_SECONDS = 20
"""How long a service of credentials (STS, SSO) may take to answer."""
CREDENTIAL_ATTEMPTS = 3

_making = threading.Lock()


class ServiceSession:
    """The credentials and clients of one service. Any thread may use it; nothing is read or sent before the
    first call of a method.

    `limits` bound the answers; `waiting` tells of a service that keeps people waiting.
    """

    def __init__(
        self,
        service: Service,
        abilities: AbilityBook | None = None,
        limits: Limits = LIMITS,
        waiting: Waiting | None = None,
    ) -> None:
        self.service = service
        self.abilities = abilities or AbilityBook(service.abilities)
        self.limits = limits
        self._waiting = waiting or Waiting()
        self._session: Session | None = None
        self._transport: Transport | None = None
        self._clients: dict[tuple[str, int], Any] = {}
        self._keys: CurrentKeys | None = None

    def client(self, api: str, *, attempts: int = ATTEMPTS) -> Any:
        """The SDK's client of an API (`ec2`, `s3`, `ebs`), which makes some attempts at each call.
        AccessRefused without credentials."""
        with _making:
            if (api, attempts) not in self._clients:
                with translated(self.service.name, f"a connection to {api}", self.address(api)):
                    self._clients[api, attempts] = self._make(api, attempts)
            return self._clients[api, attempts]

    def address(self, api: str) -> str:
        """The URL that the service's file gives for an API, "" if AWS's own is used."""
        return self._addresses.get(api) or ""

    def hidden(self) -> tuple[str, ...]:
        """The secrets in this service's credentials, which no text may show."""
        return hidden_of(self._session) if self._session is not None else ()

    def endpoint(self, api: str) -> tuple[Endpoint, CurrentKeys]:
        """The endpoint and the keys to call an API without its client. Errors as of `client`."""
        client = self.client(api)
        with _making:
            assert self._session is not None  # noqa: S101 - it created the client
            if self._keys is None:
                is_chain = not isinstance(self.service.credentials, KeyFiles)
                self._keys = CurrentKeys(self._session, is_chain=is_chain)
            return endpoint_of(client, self._session, self.service), self._keys

    def close(self) -> None:
        """Close the idle connections. Later calls open new ones."""
        with _making:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
            if self._transport is not None:
                self._transport.close()

    @property
    def _addresses(self) -> Mapping[str, str | None]:
        return {"ec2": self.service.ec2, "s3": self.service.s3, "ebs": self.service.ebs}

    def _make(self, api: str, attempts: int) -> Any:
        require_encryption(self.service, self.address(api))
        session = self._opened()
        check_ca_bundle(self.service)
        try:
            client = session.create_client(
                api,
                region_name=self.service.region,
                endpoint_url=self.address(api) or None,
                verify=self.service.ca_bundle,
                config=self._config(api, attempts),
            )
        except ValueError:
            raise self._no_url(api) from None
        events: Any = client.meta.events  # whose handlers may return something, which the stubs deny
        events.register_first(f"needs-retry.{api}", Retries(self.limits, attempts))
        return client

    def _opened(self) -> Session:
        """The session, whose clients, those of its credentials too, read answers as `Transport` does."""
        if self._session is None:
            session = open_session(self.service.name, self.service.credentials)
            session.register_component("data_loader", shared_loader(session))
            session.register_component("response_parser_factory", StrictParserFactory())
            session.set_default_client_config(
                Config(
                    connect_timeout=CONNECT_SECONDS,
                    read_timeout=CREDENTIAL_SECONDS,
                    retries={"mode": "standard", "total_max_attempts": CREDENTIAL_ATTEMPTS},
                )
            )
            self._transport = Transport(session, self.service.ca_bundle, self.limits, self._waiting)
            events: Any = session
            events.unregister("before-parameter-build", generate_idempotent_uuid)  # tokens are extenci's own
            events.register("before-send", self._transport)
            events.register("before-call", begin_call)
            self._session = session
        return self._session

    def _no_url(self, api: str) -> ServiceError:
        return ServiceError(
            f"The service {self.service.name} cannot be called: its `{api}:` is not a URL.",
            "Correct the service's file: URLs begin with https:// or http://.",
            service=self.service.name,
        )

    def _config(self, api: str, attempts: int) -> Config:
        return Config(
            retries={"mode": "standard", "total_max_attempts": attempts},
            max_pool_connections=CONNECTIONS,
            user_agent_extra=f"extenci/{__version__}",
            proxies=None if may_use_proxy(self.service, self.address(api)) else {},
            parameter_validation=True,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )


def check_ca_bundle(service: Service) -> None:
    """ServiceError if `ca_bundle` is not a file of certificates; the SDK would blame the service for that."""
    path = service.ca_bundle
    if path is None:
        return
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise ssl.SSLError(0, "it is not a file")
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except (OSError, ValueError) as error:
        reason = (
            "it holds no certificates" if isinstance(error, ssl.SSLError) else str(error.args[-1]).lower()
        )
        raise ServiceError(
            f"The service {service.name} cannot be called: its ca_bundle {path} cannot be used: {reason}.",
            "Give a readable file of PEM certificates.",
            service=service.name,
        ) from None
