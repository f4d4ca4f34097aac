"""What services ask for, and who may have it without a word."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from extenci.catalog.home import Home
from extenci.catalog.trust import access_of, is_trusted, settings_of_environment
from extenci.model.abilities import is_aws_api
from extenci.model.errors import UsageError
from extenci.model.service import BundleKeys, CondorAccess, KeyFiles, Profile, Service
from extenci.model.trust import Access, Settings

AWS_ALONE = Access(frozenset({"aws"}), frozenset({"sdk"}))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def aws(tmp_path: Path) -> Service:
    """AWS with the SDK's credentials, of a spec root."""
    return Service("campus", "us-east-1", file=str(tmp_path / "specs" / "services" / "campus.yaml"))


def trusted(service: Service, home: Home, words: str = "") -> bool:
    return is_trusted(service, home, settings_of_environment({"EXTENCI_TRUST": words}))


def test_the_sdks_credentials_at_aws_need_no_word(aws: Service, home: Home) -> None:
    assert access_of(aws) == AWS_ALONE
    assert trusted(aws, home)
    assert trusted(replace(aws, ec2="https://ec2.eu-west-1.amazonaws.com"), home)
    assert not trusted(replace(aws, credentials=Profile("admin")), home)
    assert not trusted(replace(aws, s3="https://s3.example.edu"), home)


def test_certificates_of_the_specs_need_a_word(aws: Service, home: Home, tmp_path: Path) -> None:
    """Whoever is on the way could take the place of AWS."""
    (tmp_path / "ca.pem").write_bytes(b"certificates")
    own = replace(aws, ca_bundle=str(tmp_path / "ca.pem"))
    assert f"ca:{hashlib.sha256(b'certificates').hexdigest()}" in access_of(own).credentials
    assert not trusted(own, home)
    assert trusted(own, home, "aws")
    before = Settings() | settings_of_environment({"EXTENCI_TRUST": "aws"})
    assert before.allows(access_of(own))


def test_all_that_is_used_is_named(aws: Service, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "id")
    keys = KeyFiles(str(tmp_path / "link"), "/k/secret")
    service = replace(
        aws,
        ec2="https://Cloud.example.edu:443/services/compute",
        s3="http://[::1]:80",
        credentials=keys,
        bundle=BundleKeys("/k/cert", "/k/key", "/k/cloud", "123456789012"),
        condor=CondorAccess("s", "cm.example.edu", KeyFiles("/there/id", "/there/secret")),
    )
    assert access_of(service).words == (
        "aws",
        "condor:cm.example.edu",
        "http://[::1]",
        "https://cloud.example.edu",
        "file:/k/cert",
        "file:/k/cloud",
        "file:/k/key",
        "file:/k/secret",
        f"file:{tmp_path}/id",
        "schedd-file:/there/id",
        "schedd-file:/there/secret",
    )


def test_own_keys_may_be_used_on_this_machine(aws: Service, home: Home, tmp_path: Path) -> None:
    root = tmp_path / "specs"
    here = replace(aws, ec2="http://127.9.9.9:1", s3="http://localhost:2", ebs="https://[::1]")
    own = KeyFiles(str(root / "keys" / "id"), str(root / "keys" / "secret"))
    assert trusted(replace(here, credentials=own), home)
    assert not trusted(here, home)
    assert not trusted(replace(here, credentials=own, s3=None), home)
    assert not trusted(replace(here, credentials=KeyFiles(str(root / ".git" / "x"), "")), home)
    assert not trusted(replace(here, credentials=KeyFiles(str(root.parent / "specs2" / "x"), "")), home)
    sandbox = KeyFiles(str(home.sandbox_folder / "keys" / "access"), str(home.sandbox_folder / "keys" / "s"))
    assert trusted(replace(here, credentials=sandbox), home)


@pytest.mark.parametrize(
    ("pool", "is_own"),
    [
        ("127.0.0.1:9618", True),
        ("localhost", True),
        ("[::1]:9618", True),
        ("127.0.0.1:9618, c.example", False),
        ("127.0.0.1:9618?addrs=192.0.2.1-9618", False),
        ("<127.0.0.1:9618>", False),
        ("c.example", False),
    ],
)
def test_a_pool_is_an_endpoint(aws: Service, home: Home, tmp_path: Path, pool: str, is_own: bool) -> None:
    root = tmp_path / "specs"
    keys = KeyFiles(str(root / "id"), str(root / "secret"))
    url = "http://127.0.0.1:1"
    service = replace(aws, ec2=url, s3=url, ebs=url, credentials=keys, condor=CondorAccess(None, pool, keys))
    assert trusted(service, home) is is_own


def test_the_homes_own_services_and_those_of_programs_are_trusted(aws: Service, home: Home) -> None:
    elsewhere = replace(aws, ec2="https://cloud.example.edu", credentials=Profile("admin"))
    assert not trusted(elsewhere, home)
    assert trusted(replace(elsewhere, file=str(home.services_folder / "campus.yaml")), home)
    assert trusted(replace(elsewhere, file=""), home)


def test_grants_name_endpoints_and_credentials(aws: Service, home: Home) -> None:
    service = replace(aws, ec2="https://a:1/x", s3="https://a:1", ebs="https://a:1")
    assert trusted(service, home, "https://a:1")
    assert trusted(service, home, "https://a:1/other https://b")
    assert not trusted(service, home, "https://a")
    assert not trusted(service, home, "http://a:1")
    keyed = replace(service, credentials=KeyFiles("/run/secrets/id", "/run/secrets/secret"))
    assert not trusted(keyed, home, "https://a:1")
    assert trusted(keyed, home, "https://a:1 file:/run/secrets")
    assert not trusted(keyed, home, "https://a:1 file:/run/secret")
    named = replace(service, credentials=Profile("a b"))
    assert trusted(named, home, "https://a:1 'profile:a b'")
    assert not trusted(named, home, "https://a:1 profile:a")


def test_folders_of_sources_are_named_in_the_environment(tmp_path: Path) -> None:
    found = settings_of_environment({"EXTENCI_TRUST": f"sources:{tmp_path}/x/.."})
    assert found == Settings((str(tmp_path),), ())
    assert settings_of_environment({}) == Settings()


@pytest.mark.parametrize("words", ["everything", "profile:", "https://", "https://a:b", "ftp://a", "'aws"])
def test_other_words_are_refused(words: str) -> None:
    with pytest.raises(UsageError):
        settings_of_environment({"EXTENCI_TRUST": words})


@pytest.mark.parametrize(
    ("url", "is_api"),
    [
        ("https://ec2.us-east-1.amazonaws.com", True),
        ("https://ec2.us-gov-west-1.amazonaws.com/", True),
        ("https://ec2.cn-north-1.amazonaws.com.cn", True),
        ("https://s3.amazonaws.com", True),
        ("https://s3-us-west-2.amazonaws.com", True),
        ("https://s3.dualstack.eu-west-1.amazonaws.com", True),
        ("https://ebs-fips.us-east-1.amazonaws.com:443", True),
        ("https://ec2.eu-west-1.api.aws", True),
        ("http://ec2.us-east-1.amazonaws.com", False),
        ("https://ec2.us-east-1.amazonaws.com:8443", False),
        ("https://ec2-203-0-113-25.compute-1.amazonaws.com", False),
        ("https://x1.execute-api.us-east-1.amazonaws.com", False),
        ("https://vpce-1.ec2.us-east-1.vpce.amazonaws.com", False),
        ("https://bucket.s3.us-east-1.amazonaws.com", False),
        ("https://ec2.us-east-1.amazonaws.com.example.edu", False),
        ("https://ec2.us-east-1.elb.amazonaws.com", False),
    ],
)
def test_only_aws_itself_is_aws(url: str, is_api: bool) -> None:
    assert is_aws_api(url) is is_api
