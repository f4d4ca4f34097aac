"""How to call a service as the SDK's client would, but without it: URL, names, trust, proxy, keys."""

from __future__ import annotations

import os
from dataclasses import dataclass
from threading import Lock
from typing import Any

from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError
from botocore.httpsession import ProxyConfiguration, get_cert_path
from botocore.session import Session
from botocore.utils import get_environ_proxies

from extenci.cloud.aws.plain_http import may_use_proxy
from extenci.cloud.blocks.signing import Keys
from extenci.model.abilities import is_aws
from extenci.model.service import Service


@dataclass(frozen=True)
class Endpoint:
    """Where requests go, and which certificates are trusted. `ca_bundle` is a file of PEM certificates;
    `proxy` is a URL, "" for none, and may hold a password."""

    url: str
    region: str
    signing_name: str
    ca_bundle: str
    proxy: str

    @property
    def is_aws(self) -> bool:
        """Whether it is one of AWS's own, whose quotas are known."""
        return is_aws(self.url)


def endpoint_of(client: Any, session: Session, service: Service) -> Endpoint:
    """The endpoint of an SDK client that the session made."""
    url = str(client.meta.endpoint_url)
    return Endpoint(
        url=url,
        region=str(client.meta.region_name),
        signing_name=str(client.meta.service_model.signing_name),
        ca_bundle=_ca_bundle(session, service),
        proxy=_proxy(url) if may_use_proxy(service, url) else "",
    )


def _ca_bundle(session: Session, service: Service) -> str:
    """In the SDK's order: the service's, `ca_bundle` of its configuration and AWS_CA_BUNDLE,
    REQUESTS_CA_BUNDLE, and the certificates that come with it."""
    given = service.ca_bundle or session.get_config_variable("ca_bundle")
    return str(given or os.environ.get("REQUESTS_CA_BUNDLE") or get_cert_path(True))


def _proxy(url: str) -> str:
    found = ProxyConfiguration(get_environ_proxies(url)).proxy_url_for(url)
    return str(found or "")


class CurrentKeys:
    """A session's credentials, refreshed by the SDK shortly before they expire. Any thread may use it.

    `is_chain`: they come from the SDK's chain of providers, which may find newer ones.
    """

    def __init__(self, session: Session, *, is_chain: bool) -> None:
        self._session = session
        self._is_chain = is_chain
        self._lock = Lock()
        self._credentials: Credentials | None = session.get_credentials()

    def frozen(self) -> Keys:
        """The credentials to sign with now. The SDK's errors if there are none, or no newer ones."""
        credentials = self._credentials
        if credentials is None:
            raise NoCredentialsError
        found = credentials.get_frozen_credentials()
        return Keys(found.access_key or "", found.secret_key or "", found.token)

    def renew(self, old: Keys) -> bool:
        """Ask the SDK's chain again for credentials other than `old`, which the service calls expired;
        whether there are any."""
        with self._lock:
            if self._is_chain and self.frozen() == old:
                found = self._session.get_component("credential_provider").load_credentials()
                self._credentials = found or self._credentials
            return self.frozen() != old
