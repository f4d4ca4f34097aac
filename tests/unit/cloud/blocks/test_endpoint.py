"""Compared with what the SDK's own client has decided on, where it keeps that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from botocore.httpsession import get_cert_path

from extenci.cloud.aws.session import ServiceSession
from extenci.cloud.blocks.endpoint import Endpoint
from extenci.model.service import KeyFiles, Service


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def service(tmp_path: Path) -> Service:
    (tmp_path / "access").write_text("AKIATEST")
    (tmp_path / "secret").write_text("secret")
    return Service(
        "campus", "eu-west-1", credentials=KeyFiles(str(tmp_path / "access"), str(tmp_path / "secret"))
    )


def endpoint_and_client(service: Service) -> tuple[Endpoint, str, str | None]:
    """The endpoint, and the certificates and the proxy of the SDK's client."""
    session = ServiceSession(service)
    endpoint, _ = session.endpoint("ebs")
    http = session.client("ebs")._endpoint.http_session
    return endpoint, str(get_cert_path(http._verify)), http._proxy_config.proxy_url_for(endpoint.url)


@pytest.mark.parametrize("bundle", [{}, {"AWS_CA_BUNDLE": "/a"}, {"REQUESTS_CA_BUNDLE": "/b"}])
@pytest.mark.parametrize(
    "proxies",
    [
        {},
        {"https_proxy": "proxy.example.edu:3128"},
        {"https_proxy": "http://a:b@proxy.example.edu", "no_proxy": "amazonaws.com"},
        {"http_proxy": "http://proxy.example.edu"},
    ],
)
@pytest.mark.parametrize("ebs", [None, "https://cloud.example.edu/ebs", "http://cloud.example.edu:8773"])
def test_endpoint_trust_and_proxy_are_those_of_the_sdks_client(
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    bundle: dict[str, str],
    proxies: dict[str, str],
    ebs: str | None,
) -> None:
    for name, value in (bundle | proxies).items():
        monkeypatch.setenv(name, value)
    endpoint, certificates, proxy = endpoint_and_client(replace(service, ebs=ebs, plain_http=True))
    assert endpoint.url == ebs or (ebs is None and endpoint.url == "https://ebs.eu-west-1.amazonaws.com")
    assert (endpoint.ca_bundle, endpoint.proxy or None) == (certificates, proxy)
    assert (endpoint.region, endpoint.signing_name) == ("eu-west-1", "ebs")


def test_loopback_has_no_proxy(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example.edu")
    endpoint, _, proxy = endpoint_and_client(replace(service, ebs="http://127.0.0.1:8773"))
    assert endpoint.proxy == ""
    assert proxy is None


@pytest.mark.parametrize(
    ("url", "is_aws"),
    [
        ("https://ebs.eu-west-1.amazonaws.com", True),
        ("https://vpce-1.ebs.eu-west-1.vpce.amazonaws.com", True),
        ("https://ebs.eu-west-1.api.aws", True),
        ("https://ebs.cn-north-1.amazonaws.com.cn", True),
        ("https://amazonaws.com.example.edu", False),
        ("http://127.0.0.1:8773", False),
    ],
)
def test_endpoints_of_aws_are_known(url: str, is_aws: bool) -> None:
    assert Endpoint(url, "", "", "", "").is_aws is is_aws
