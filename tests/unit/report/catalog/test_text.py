from __future__ import annotations

from extenci.model.address import Address
from extenci.model.errors import Problem
from extenci.model.record import ResourceKind, ResourceRecord
from extenci.model.service import KeyFiles, Limits, Profile, Service
from extenci.report.catalog.text import render_records, render_service, render_services
from extenci.report.text.problems import problems_document, render_problems

CAMPUS = Service(
    "campus",
    "eucalyptus",
    ec2="https://ec2.example.edu",
    credentials=KeyFiles("/keys/id", "/keys/secret"),
    limits=Limits(30, None),
    file="/home/x/.extenci/catalog/service/campus.yaml",
)


def test_services_are_listed_with_what_they_are_called_with() -> None:
    services = (
        Service("amazon", "us-east-1", credentials=Profile("research"), file="/a.yaml"),
        Service("sandbox", "local"),
    )
    assert render_services(services) == (
        "SERVICE  REGION     ENDPOINT   CREDENTIALS        FILE\n"
        "amazon   us-east-1  AWS's own  profile research   /a.yaml\n"
        "sandbox  local      AWS's own  the AWS SDK's own  built in\n"
    )  # fmt: skip


def test_a_service_is_shown_in_full() -> None:
    assert render_service(CAMPUS) == (
        "campus\n"
        "  file         /home/x/.extenci/catalog/service/campus.yaml\n"
        "  region       eucalyptus\n"
        "  ec2          https://ec2.example.edu\n"
        "  s3           AWS's own\n"
        "  ebs          AWS's own\n"
        "  credentials  files /keys/id, /keys/secret\n"
        "  launch       ec2\n"
        "  stage        ebs\n"
        "  tags         create\n"
        "  limits       delete_percent 30\n"
    )


def test_records_are_listed_by_address() -> None:
    records = [
        ResourceRecord("s", "i-2", ResourceKind.MACHINE, Address("s", "pool"), {}),
        ResourceRecord("s", "ami-1", ResourceKind.IMAGE, Address("s", "a"), {}),
    ]
    assert render_records(records) == (
        "ADDRESS  KIND     ID\ns/a      image    ami-1\ns/pool   machine  i-2\n"
    )
    assert render_records([]) == "No records.\n"


PROBLEMS = (
    Problem("a.yaml", 3, 5, "unknown key 'imges'; did you mean 'images'?"),
    Problem("b.yaml", 0, 0, "is empty"),
)


def test_problems_are_shown_one_a_line_and_counted() -> None:
    assert render_problems(PROBLEMS) == (
        "a.yaml:3:5: unknown key 'imges'; did you mean 'images'?\nb.yaml: is empty\n2 problems in 2 files.\n"
    )


def test_the_document_of_problems_says_whether_all_is_well() -> None:
    assert problems_document(PROBLEMS[1:]) == {
        "format_version": 1,
        "ok": False,
        "problems": [{"file": "b.yaml", "line": 0, "column": 0, "message": "is empty"}],
    }
    assert problems_document(()) == {"format_version": 1, "ok": True, "problems": []}
