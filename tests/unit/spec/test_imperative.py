"""Arguments of `test-vm` and `stage` → specs."""

from __future__ import annotations

from pathlib import Path

import pytest

from extenci.model.address import Address
from extenci.model.desired import Desired
from extenci.model.errors import SpecError, UsageError
from extenci.model.launch import Launch
from extenci.spec.arguments import Staging, check_staging, image_to_test, name_of

AWAY = "ec2: https://cloud.example.org\n"
HERE = "ec2: http://127.0.0.1:1\n"


def specs_of(folder: Path, service: str = "bnl", text: str = AWAY, stack: str | None = None) -> Desired:
    file = folder / "catalog" / "bnl.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    disk = folder / "worker.raw"
    disk.touch()
    here = folder / "here"
    here.mkdir(exist_ok=True)
    return image_to_test(disk, service, "m1.small", stack, here, {"bnl": file})


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("worker.raw", "worker"),
        ("sl6.1-x86_64.img", "sl6.1-x86_64"),
        ("my disk (2).raw", "my-disk-2"),
        (".hidden", "hidden"),
        ("ünï.raw", "n"),
        ("é.raw", "image"),
        ("x" * 80, "x" * 50),
    ],
)
def test_an_image_is_called_like_its_file(file: str, name: str) -> None:
    assert name_of(Path(file)) == name


def test_a_service_says_how_test_vms_are_launched_and_the_command_which_type(tmp_path: Path) -> None:
    keys = "credentials: {access_key_file: /k/id, secret_key_file: /k/secret}"
    text = f"{AWAY}{keys}\ncondor: {{}}\nlaunch: condor\ntest: {{type: t3.micro, security_groups: [ssh]}}\n"
    desired = specs_of(tmp_path, text=text, stack="lab")
    (image,) = desired.images
    assert image.verify
    assert (image.verify.settings.type, image.verify.settings.security_groups) == ("m1.small", ("ssh",))
    assert (image.verify.launch, image.verify.confirm, image.verify.checks) == (Launch.CONDOR, True, ())
    assert (desired.stack, image.address) == ("lab", Address("bnl", "worker"))
    assert desired.selection.covers(image.address)


def test_the_stack_is_named_or_that_of_the_root_here_or_on_this_machine_the_default(tmp_path: Path) -> None:
    assert specs_of(tmp_path, text=HERE).stack == "default"
    assert specs_of(tmp_path, service="sandbox").stack == "default"
    with pytest.raises(UsageError) as caught:
        specs_of(tmp_path)
    assert "--stack" in caught.value.hint
    (tmp_path / "here" / "extenci.yaml").write_text("stack: physics\n")
    assert specs_of(tmp_path).stack == "physics"
    assert specs_of(tmp_path, stack="lab").stack == "lab"
    with pytest.raises(UsageError):
        specs_of(tmp_path, stack="no/name")
    (tmp_path / "here" / "extenci.yaml").write_text("stak: physics\n")
    with pytest.raises(SpecError):
        specs_of(tmp_path)


def test_a_service_may_stand_in_the_root_here(tmp_path: Path) -> None:
    services = tmp_path / "here" / "services"
    services.mkdir(parents=True)
    (services / "campus.yaml").write_text(HERE)
    assert specs_of(tmp_path, service="campus").services["campus"].ec2 == "http://127.0.0.1:1"


@pytest.mark.parametrize("service", ["bnk", "no/name", ""])
def test_a_service_that_there_is_not_is_told(tmp_path: Path, service: str) -> None:
    with pytest.raises(UsageError) as caught:
        specs_of(tmp_path, service=service)
    assert "There is no service" in caught.value.message


def test_a_file_that_there_is_not_is_told(tmp_path: Path) -> None:
    for path, said in ((tmp_path, "is not a file"), (tmp_path / "nothing", "does not exist")):
        with pytest.raises(UsageError) as caught:
            image_to_test(path, "sandbox", "t3.micro", None, tmp_path, {})
        assert said in caught.value.message


def test_what_a_service_lacks_for_its_method_of_staging_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        specs_of(tmp_path, text=f"{AWAY}stage: bundle\nbucket: images\n", stack="lab")
    assert "needs keys and certificates" in caught.value.message


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://[foo/a.raw", "https://… cannot be used: it must be a URL of a file"),
        ("https://localhost:99999/a.raw", "https://localhost:99999/a.raw cannot be used: it must be"),
        ("https://localhost/", "https://localhost/ cannot be used: it must be a URL of a file"),
        ("https://h/\x1b]0;pwned", "The URL cannot be used: it must be a URL of a file"),
        ("https://me:hunter2@h/a.raw", "https://h/a.raw has a user or password in it."),
        ("s3://bucket", "s3://bucket cannot be used: it must name a bucket and a key"),
        ("http://h/a.raw", "http://h/a.raw is not a URL to stage from."),
    ],
)
def test_a_url_that_a_spec_would_not_take_is_not_taken_as_an_argument(url: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_staging(url, Staging(sha256="0" * 64))
    assert caught.value.message.startswith(said)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["https://h:8443/a.raw?sig=a@b", "s3://my-images/a b?.raw"])
def test_a_url_that_a_spec_takes_is_taken_as_an_argument(url: str) -> None:
    check_staging(url, Staging(sha256="0" * 64))
