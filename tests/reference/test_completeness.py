"""Pages that are written by hand leave nothing out: variables, keys of plans, calls of AWS's APIs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from botocore.session import Session

from extenci.model.action import Action
from extenci.model.address import Kind
from extenci.model.plan import Plan
from extenci.report.plan.json import plan_document
from tests.system.docs.blocks import DOCS, ROOT, blocks_of

PACKAGE = ROOT / "extenci"
CODE = {path: path.read_text("utf-8") for path in PACKAGE.rglob("*.py")}

S3_ACTIONS = {  # where the permission has another name than the call
    "AbortMultipartUpload": "AbortMultipartUpload",
    "CompleteMultipartUpload": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteObject": "DeleteObject",
    "GetObject": "GetObject",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "PutObject": "PutObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
}
"""From the Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3"."""


def read(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def calls(service: str) -> set[str]:
    """The operations of an AWS API that the clients name."""
    operations = set(Session().get_service_model(service).operation_names)
    named = {
        word
        for path, text in CODE.items()
        if path.is_relative_to(PACKAGE / "cloud")
        for word in re.findall(r"\"([A-Z][A-Za-z0-9]+)\"", text)
    }
    methods = {
        "".join(part.capitalize() for part in word.split("_"))
        for path, text in CODE.items()
        if path.is_relative_to(PACKAGE / "cloud")
        for word in re.findall(r"[\"'.]((?:describe|list|get|head)_[a-z0-9_]+)", text)
    }
    return operations & (named | methods)


@pytest.mark.parametrize("service", ["ec2", "ebs", "s3"])
def test_the_iam_policy_allows_every_call_and_no_more(service: str) -> None:
    (policy,) = (block for block in blocks_of(DOCS / "guides" / "aws.md") if block.language == "json")
    actions = {one for statement in json.loads(policy.text)["Statement"] for one in statement["Action"]}
    allowed = {one.partition(":")[2] for one in actions if one.startswith(f"{service}:")}
    made = calls(service)
    assert made
    wanted = {S3_ACTIONS[call] for call in made} if service == "s3" else made
    assert allowed == wanted


def test_every_variable_is_explained() -> None:
    scripts = [ROOT / ".ci" / "venv", ROOT / ".ci" / "run", ROOT / "specs" / "try.sh"]
    texts = [*CODE.values(), *(path.read_text("utf-8") for path in scripts)]
    used = {word for text in texts for word in re.findall(r"\bEXTENCI_[A-Z][A-Z_]*[A-Z]\b", text)}
    assert used - set(re.findall(r"`(EXTENCI_[A-Z_]+)", read("reference/environment.md"))) == set()


def test_every_key_and_word_of_json_plans_is_explained() -> None:
    page = read("reference/plan-json.md")
    keys = set(plan_document(Plan("example", ()), {})) | {"unread"}
    words = {*map(str, Action), *map(str, Kind)}
    assert {word for word in keys | words if f"`{word}`" not in page} == set()


def test_messages_that_are_explained_are_those_of_the_program() -> None:
    texts = "".join(re.sub(r"\"\s+f?\"", "", text) for text in CODE.values())
    rows = re.findall(r"^\| (.*?) \|", read("troubleshooting.md"), re.MULTILINE)
    messages = [one for row in rows for one in re.findall(r"`([^`]+ [^`]+)`", row)]
    assert len(messages) > 3
    assert [one for one in messages if one not in texts] == []


def test_every_exit_status_is_explained() -> None:
    assert re.findall(r"^\| (\d) \|", read("reference/exit-statuses.md"), re.MULTILINE) == [
        "0",
        "1",
        "2",
        "3",
    ]


def test_pages_name_files_of_the_repository_that_are_there() -> None:
    for page in DOCS.rglob("*.md"):
        for name in re.findall(r"`((?:tests|specs|extenci|\.ci)/[\w/.-]+)`", page.read_text("utf-8")):
            if "NAME" not in name and not name.startswith("specs/"):
                assert (ROOT / Path(name)).exists(), f"{page.name}: {name}"
