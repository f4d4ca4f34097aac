"""How to call a service without the SDK's client, yet as it would: endpoint, names, trust, proxy, keys."""

from __future__ import annotations

import os
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError
from botocore.httpsession import ProxyConfiguration, get_cert_path
from botocore.session import Session
from botocore.utils import get_environ_proxies

from extenci.cloud.blocks.signing import Keys
from extenci.model.service import Service, is_loopback

_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


@dataclass(frozen=True)
class Wire:
    """Where requests go and with what trust. `ca_bundle` is a file of PEM certificates; `proxy` a URL, "" for
    none, and may hold a password."""

    endpoint: str
    region: str
    signing_name: str
    ca_bundle: str
    proxy: str

    @property
    def is_aws(self) -> bool:
        """Whether the endpoint is one of AWS's own, whose quotas are known."""
        return (urlsplit(self.endpoint).hostname or "").endswith(_AWS)


def wire_of(client: Any, session: Session, service: Service) -> Wire:
    """The wire of one of the SDK's clients, which was made by the session."""
    endpoint = str(client.meta.endpoint_url)
    return Wire(
        endpoint=endpoint,
        region=str(client.meta.region_name),
        signing_name=str(client.meta.service_model.signing_name),
        ca_bundle=_ca_bundle(session, service),
        proxy=_proxy(endpoint),
    )


def _ca_bundle(session: Session, service: Service) -> str:
    """In the SDK's order: what is given, `ca_bundle` of its configuration and AWS_CA_BUNDLE,
    REQUESTS_CA_BUNDLE, the certificates that come with it."""
    given = service.ca_bundle or session.get_config_variable("ca_bundle")
    return str(given or os.environ.get("REQUESTS_CA_BUNDLE") or get_cert_path(True))


def _proxy(endpoint: str) -> str:
    if is_loopback(endpoint):
        return ""
    found = ProxyConfiguration(get_environ_proxies(endpoint)).proxy_url_for(endpoint)
    return str(found or "")


class CurrentKeys:
    """A session's credentials, refreshed by the SDK when their time is nearly over. Any thread may use it.

    `is_chain`: they come from the SDK's chain, which may find newer ones.
    """

    def __init__(self, session: Session, *, is_chain: bool) -> None:
        self._session = session
        self._is_chain = is_chain
        self._lock = Lock()
        self._credentials: Credentials | None = session.get_credentials()

    def frozen(self) -> Keys:
        """The credentials to sign with now. Errors of the SDK's where there are none, or no newer ones."""
        credentials = self._credentials
        if credentials is None:
            raise NoCredentialsError
        found = credentials.get_frozen_credentials()
        return Keys(found.access_key or "", found.secret_key or "", found.token)

    def renew(self, old: Keys) -> bool:
        """Look for other credentials than `old`, which the service takes for expired: the SDK's chain is
        asked anew. Whether there are some."""
        with self._lock:
            if self._is_chain and self.frozen() == old:
                found = self._session.get_component("credential_provider").load_credentials()
                self._credentials = found or self._credentials
            return self.frozen() != old
