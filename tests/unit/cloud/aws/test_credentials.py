from __future__ import annotations

import os
from pathlib import Path

import pytest

from extenci.cloud.aws.credentials import open_session, read_keys
from extenci.model.errors import AccessRefused
from extenci.model.service import KeyFiles, Profile, SdkChain

PRIVATE_KEY = (
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
)


@pytest.fixture
def files(tmp_path: Path) -> KeyFiles:
    access, secret = tmp_path / "access", tmp_path / "secret"
    access.write_text("AKIAEXAMPLE\n")
    secret.write_text("abc/DEF+123=\n")
    return KeyFiles(str(access), str(secret))


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_keys_are_read_without_their_line_ends(files: KeyFiles) -> None:
    assert read_keys("campus", files) == ("AKIAEXAMPLE", "abc/DEF+123=")


@pytest.mark.parametrize(
    "content", ["", "\n", "ab", "x" * 129, "AKIA EXAMPLE", "AKIA-EXAMPLE", "one\ntwo\n", PRIVATE_KEY, "ä" * 9]
)
def test_what_does_not_look_like_an_access_key_is_refused_unseen(files: KeyFiles, content: str) -> None:
    Path(files.access_key_file).write_text(content)
    with pytest.raises(AccessRefused) as caught:
        read_keys("campus", files)
    assert files.access_key_file in caught.value.message
    assert "Nothing was sent." in caught.value.hint
    assert not content.strip() or content.strip() not in str(caught.value)


@pytest.mark.parametrize(
    "content", ["", "two words", "x" * 257, PRIVATE_KEY, "one\ntwo", "tab\there", "x" * 5000]
)
def test_what_does_not_look_like_a_secret_key_is_refused_unseen(files: KeyFiles, content: str) -> None:
    Path(files.secret_key_file).write_text(content)
    with pytest.raises(AccessRefused) as caught:
        read_keys("campus", files)
    assert files.secret_key_file in caught.value.message
    assert not content.strip() or content.strip() not in str(caught.value)


def test_a_fifo_as_a_key_file_is_refused_without_waiting(tmp_path: Path, files: KeyFiles) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(AccessRefused, match="is not a file"):
        read_keys("campus", KeyFiles(str(tmp_path / "fifo"), files.secret_key_file))


def test_a_missing_key_file_is_named(tmp_path: Path, files: KeyFiles) -> None:
    with pytest.raises(AccessRefused, match=f"{tmp_path}/no, which should hold an access key: no such file"):
        read_keys("campus", KeyFiles(str(tmp_path / "no"), files.secret_key_file))


@pytest.mark.usefixtures("no_aws")
def test_with_key_files_nothing_else_decides(files: KeyFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "other")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "other")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://elsewhere.example.org")
    session = open_session("campus", files)
    credentials = session.get_credentials()
    assert credentials is not None
    assert (credentials.access_key, credentials.secret_key, credentials.token) == (
        "AKIAEXAMPLE",
        "abc/DEF+123=",
        None,
    )
    client = session.create_client("ebs", region_name="eu-west-1")
    assert client.meta.endpoint_url == "https://ebs.eu-west-1.amazonaws.com"
    client.close()


@pytest.mark.usefixtures("no_aws")
def test_a_profile_is_read_from_the_sdks_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = tmp_path / "credentials"
    shared.write_text("[research]\naws_access_key_id = AKIARESEARCH\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(shared))
    credentials = open_session("campus", Profile("research")).get_credentials()
    assert credentials is not None
    assert credentials.access_key == "AKIARESEARCH"


@pytest.mark.usefixtures("no_aws")
def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(AccessRefused, match="research"):
        open_session("campus", Profile("research"))


@pytest.mark.usefixtures("no_aws")
def test_an_empty_chain_says_what_to_set() -> None:
    with pytest.raises(AccessRefused) as caught:
        open_session("campus", SdkChain())
    assert "AWS_PROFILE" in caught.value.hint
