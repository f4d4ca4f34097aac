from __future__ import annotations

import stat
from pathlib import Path

import pytest

from extenci.catalog.home import Home
from extenci.catalog.records import Catalog
from extenci.catalog.services.edit import edit_service
from extenci.catalog.services.files import add_service, find_service, remove_service, service_files
from extenci.catalog.services.text import ServiceFields, scalar, service_text
from extenci.model.address import Address
from extenci.model.errors import CatalogError, SpecError
from extenci.model.launch import Launch
from extenci.model.record import ResourceKind, ResourceRecord
from extenci.model.service import BundleKeys, KeyFiles, Profile, Tagging
from extenci.spec.services.file import read_service

FULL = ServiceFields(
    region="us-east-1",
    ec2="https://ec2.example.edu:8773/services/compute",
    s3="https://s3.example.edu",
    access_key_file="~/.extenci/keys/campus.id",
    secret_key_file="keys/campus #1.secret",
    ca_bundle="/etc/ssl/campus.pem",
    launch="condor",
    tags="after",
    bucket="my-images",
    bundle_certificate="/keys/user.pem",
    bundle_private_key="keys/user.key",
    bundle_cloud_certificate="~/cloud.pem",
    bundle_user="123456789012",
)


def test_a_new_service_file_reads_well(tmp_path: Path) -> None:
    assert (
        service_text("campus", FULL)
        == """\
# The service campus, as extenci calls it. It holds paths and names, never a secret.
region: us-east-1
ec2: https://ec2.example.edu:8773/services/compute  # the endpoint of the EC2 API
s3: https://s3.example.edu  # the endpoint of the S3 API
credentials:
  access_key_file: ~/.extenci/keys/campus.id
  secret_key_file: "keys/campus #1.secret"
ca_bundle: /etc/ssl/campus.pem  # PEM certificates that sign the endpoints'
launch: condor  # who starts machines: ec2 or condor
tags: after  # when things can be tagged: create, after (older Eucalyptus) or none
bucket: my-images  # where uploads go
bundle:  # keys and certificates for stage: bundle
  certificate: /keys/user.pem
  private_key: keys/user.key
  cloud_certificate: ~/cloud.pem
  user: "123456789012"
# limits: {delete_percent: 30, instances: 200}   # a plan past one of these needs --force
# test: {type: t3.micro}                         # defaults for test machines
"""
    )


def test_a_service_that_was_added_is_read_back_as_it_was_given(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = add_service(home, "campus", FULL)
    assert service_files(home) == {"campus": path}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    service = read_service(path)
    assert (service.name, service.launch, service.tags) == ("campus", Launch.CONDOR, Tagging.AFTER)
    assert service.credentials == KeyFiles(
        str(Path("~/.extenci/keys/campus.id").expanduser()), str(tmp_path / "keys" / "campus #1.secret")
    )
    cloud = str(Path("~/cloud.pem").expanduser())
    assert service.bundle == BundleKeys(
        "/keys/user.pem", str(tmp_path / "keys" / "user.key"), cloud, "123456789012"
    )
    assert list(home.services_folder.iterdir()) == [path]


def test_a_region_and_a_profile_are_enough(home: Home) -> None:
    service = read_service(add_service(home, "amazon", ServiceFields(region="eu-west-1", profile="on")))
    assert (service.region, service.credentials) == ("eu-west-1", Profile("on"))


@pytest.mark.parametrize(
    "text",
    ["on", "no", "~", "1e3", "a: b", "- x", "#x", "ü", 'q"\\', " x", "!t", "&a", "", "b:1", "a:"],
)
def test_no_value_is_misread(text: str) -> None:
    from ruamel.yaml import YAML  # noqa: PLC0415

    assert YAML(typ="safe", pure=True).load(f"x: {scalar(text)}") == {"x": text}


def test_a_service_is_never_overwritten(home: Home) -> None:
    path = add_service(home, "amazon", ServiceFields(region="eu-west-1"))
    before = path.read_text()
    with pytest.raises(CatalogError, match="There is a service amazon already") as caught:
        add_service(home, "amazon", ServiceFields(region="us-east-1"))
    assert "catalog edit amazon" in caught.value.hint
    assert path.read_text() == before


def test_fields_that_make_no_service_leave_no_file(home: Home) -> None:
    with pytest.raises(SpecError) as caught:
        add_service(home, "amazon", ServiceFields(ec2="ftp://example.edu", profile="a", access_key_file="b"))
    assert {problem.file for problem in caught.value.problems} == {str(home.services_folder / "amazon.yaml")}
    assert list(home.services_folder.iterdir()) == []


@pytest.mark.parametrize("name", ["", ".x", "../x", "a/b", "a b", "x" * 51])
def test_names_that_are_no_names_are_refused(home: Home, name: str) -> None:
    with pytest.raises(CatalogError, match="cannot be called"):
        add_service(home, name, ServiceFields(region="eu-west-1"))


def test_the_sandbox_is_built_in(home: Home, catalog: Catalog) -> None:
    for attempt in (
        lambda: add_service(home, "sandbox", ServiceFields(region="eu-west-1")),
        lambda: edit_service(home, "sandbox"),
        lambda: remove_service(home, "sandbox", catalog),
    ):
        with pytest.raises(CatalogError, match="sandbox is built in"):
            attempt()


def test_drafts_and_backups_are_no_services(home: Home) -> None:
    path = add_service(home, "amazon", ServiceFields(region="eu-west-1"))
    for name in (".amazon.yaml.swp", "amazon.yaml~", ".hidden.yaml", "notes.txt"):
        (home.services_folder / name).write_text("")
    assert service_files(home) == {"amazon": path}


def test_a_mistyped_name_gets_a_suggestion(home: Home) -> None:
    add_service(home, "amazon", ServiceFields(region="eu-west-1"))
    with pytest.raises(CatalogError) as caught:
        find_service(home, "amazn")
    assert "Did you mean amazon?" in caught.value.hint


def test_a_service_with_records_stays_until_they_are_destroyed(home: Home, catalog: Catalog) -> None:
    path = add_service(home, "amazon", ServiceFields(region="eu-west-1"))
    record = ResourceRecord("amazon", "i-1", ResourceKind.MACHINE, Address("amazon", "pool"), {})
    catalog.remember("physics", record)
    with pytest.raises(CatalogError, match="stack physics owns") as caught:
        remove_service(home, "amazon", catalog)
    assert "extenci destroy --service amazon" in caught.value.hint
    assert path.exists()
    catalog.forget("physics", "amazon", ["i-1"])
    assert remove_service(home, "amazon", catalog) == path
    assert service_files(home) == {}


def editor(tmp_path: Path, script: str) -> dict[str, str]:
    program = tmp_path / "my editor"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"VISUAL": f"'{program}' --wait", "EDITOR": "false", "PATH": "/usr/bin:/bin"}


def test_an_edit_takes_effect_if_it_is_right(home: Home, tmp_path: Path) -> None:
    path = add_service(home, "amazon", ServiceFields(region="eu-west-1"))
    assert edit_service(home, "amazon", editor(tmp_path, 'sed -i s/eu-west-1/eu-west-2/ "$2"'))
    assert read_service(path).region == "eu-west-2"
    assert not edit_service(home, "amazon", editor(tmp_path, "true"))
    assert list(home.services_folder.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_edit_with_a_mistake_keeps_the_file_and_the_draft(home: Home, tmp_path: Path) -> None:
    path = add_service(home, "amazon", ServiceFields(region="eu-west-1"))
    before = path.read_text()
    draft = home.services_folder / ".amazon.draft" / "amazon.yaml"
    with pytest.raises(SpecError) as caught:
        edit_service(home, "amazon", editor(tmp_path, 'sed -i s/region/regon/ "$2"'))
    assert path.read_text() == before
    assert str(draft) in caught.value.hint
    assert "catalog edit amazon" in caught.value.hint
    assert "regon: eu-west-1" in draft.read_text()
    assert edit_service(
        home, "amazon", editor(tmp_path, 'sed -i "s/regon: eu-west-1/region: eu-west-3/" "$2"')
    )
    assert read_service(path).region == "eu-west-3"
    assert not draft.parent.exists()


def test_an_editor_that_fails_or_is_missing_changes_nothing(home: Home, tmp_path: Path) -> None:
    path = add_service(home, "amazon", ServiceFields(region="eu-west-1"))
    before = path.read_text()
    with pytest.raises(CatalogError, match="ended with status 3"):
        edit_service(home, "amazon", editor(tmp_path, 'echo x >> "$2"; exit 3'))
    with pytest.raises(CatalogError, match="cannot be started: No such file"):
        edit_service(home, "amazon", {"EDITOR": "/no/such/editor"})
    with pytest.raises(CatalogError, match="cannot be started"):
        edit_service(home, "amazon", {"EDITOR": "'"})
    assert path.read_text() == before


def test_an_edit_does_not_undo_what_someone_else_wrote_meanwhile(home: Home, tmp_path: Path) -> None:
    path = add_service(home, "amazon", ServiceFields(region="eu-west-1"))
    script = f'sed -i s/eu-west-1/eu-west-2/ "$2"; echo "# theirs" >> {path}'
    with pytest.raises(CatalogError, match="Someone else changed"):
        edit_service(home, "amazon", editor(tmp_path, script))
    assert path.read_text().endswith("# theirs\n")
