"""Service files, read one by one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from extenci.model.errors import SpecError
from extenci.model.service import BundleKeys, KeyFiles, Profile, SdkChain, Service
from extenci.spec.services.file import read_service


def read(folder: Path, text: str, name: str = "cloud") -> Service:
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return read_service(path)


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("region: eu-north-1", "eu-north-1"),
        ("ec2: https://ec2.eu-west-3.amazonaws.com", "eu-west-3"),
        ("ec2: https://ec2.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("ec2: https://ec2.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("ec2: https://ec2.amazonaws.com", "us-east-1"),
        ("ec2: https://ec2.eu-west-3.amazonaws.com.example.org", "us-east-1"),
        ("ec2: https://cloud.example.org", "us-east-1"),
        ("ec2: https://cloud.example.org\nregion: nova", "nova"),
    ],
)
def test_the_region_is_said_or_in_the_name_of_an_aws_endpoint(text: str, region: str, tmp_path: Path) -> None:
    assert read(tmp_path, text).region == region


def test_what_is_meant_for_another_cloud_does_not_go_to_aws(tmp_path: Path) -> None:
    service = read(tmp_path, "ec2: https://cloud.example.org:8773")
    assert (service.s3, service.ebs) == (service.ec2, service.ec2)
    service = read(tmp_path, "ec2: https://cloud.example.org\ns3: https://s3.example.org")
    assert (service.s3, service.ebs) == ("https://s3.example.org", "https://cloud.example.org")
    service = read(tmp_path, "ec2: https://ec2.us-east-1.amazonaws.com")
    assert (service.s3, service.ebs) == (None, None)


def test_key_files_are_relative_to_the_service_file_and_not_opened(tmp_path: Path) -> None:
    text = "region: r\ncredentials: {access_key_file: ../k/id, secret_key_file: ~/no-such-file}"
    (tmp_path / "s").mkdir()
    assert read(tmp_path / "s", text).credentials == KeyFiles(
        str(tmp_path / "k" / "id"),
        os.path.expanduser("~/no-such-file"),  # noqa: PTH111
    )


def test_credentials_are_a_profile_or_what_the_sdk_finds(tmp_path: Path) -> None:
    assert read(tmp_path, "region: r\ncredentials: {profile: p}").credentials == Profile("p")
    assert read(tmp_path, "region: r").credentials == SdkChain()


@pytest.mark.parametrize("name", ["sandbox", "a b", "-x", "x" * 51])
def test_a_service_is_called_what_its_file_is_called(name: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError):
        read(tmp_path, "region: r", name)
    assert read(tmp_path, "region: r", "x" * 50).name == "x" * 50


def test_problems_of_a_service_file_are_all_told_and_never_repeat_its_values(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        read(tmp_path, "ec2: ftp://hunter2\nregion: hunter 2 hunter2\nhunter: hunter2\npassword: hunter2\n")
    assert [problem.line for problem in caught.value.problems] == [1, 2, 3, 4]
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


BUNDLE = """\
region: r
bundle:
  certificate: cert.pem
  private_key: ~/pk.pem
  cloud_certificate: /cloud.pem
  user: {user}
"""


def test_the_keys_of_bundles_are_relative_to_the_service_file_and_not_opened(tmp_path: Path) -> None:
    assert read(tmp_path, BUNDLE.format(user='"012345678901"')).bundle == BundleKeys(
        str(tmp_path / "cert.pem"), str(Path("~/pk.pem").expanduser()), "/cloud.pem", "012345678901"
    )


@pytest.mark.parametrize("user", ["123456789012", '"1234-5678-9012"'])
def test_the_number_of_an_account_is_12_digits_in_quotes(user: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        read(tmp_path, BUNDLE.format(user=user))
    assert [problem.line for problem in caught.value.problems] == [6]
