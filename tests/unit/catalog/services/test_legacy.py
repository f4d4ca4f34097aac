"""Service files of the 2011 tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from extenci.catalog.services.legacy import read_legacy
from extenci.model.errors import UsageError

TEXT = """\
# Amazon, as we use it
grid_resource = ec2 https://ec2.us-east-1.amazonaws.com/
export S3_URL="https://s3.amazonaws.com"
Access Key = keys/id
ec2_secret_access_key = ~/.keys/secret
flavour = m1.small
bucket =
"""


def test_the_known_lines_are_taken_and_the_others_told(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "id").write_text("AKIA")
    file = tmp_path / "Amazon"
    file.write_text(TEXT)
    found = read_legacy(file)
    assert found.fields.ec2 == "https://ec2.us-east-1.amazonaws.com/"
    assert found.fields.s3 == "https://s3.amazonaws.com"
    assert found.fields.access_key_file == str(tmp_path / "keys" / "id")
    assert found.fields.secret_key_file == "~/.keys/secret"
    assert found.fields.bucket is None
    (unused,) = found.unused
    assert ":6" in unused
    assert "flavour" in unused


def test_a_key_itself_is_refused_and_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "Amazon"
    file.write_text("secret_key = wJalrXUtnFEMI/K7MDENG\n")
    with pytest.raises(UsageError) as refused:
        read_legacy(file)
    assert "wJalr" not in f"{refused.value} {refused.value.hint}"
    assert ":1" in str(refused.value)


def test_other_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "Amazon"
    file.write_text("just words\n")
    with pytest.raises(UsageError, match=":1 is no line"):
        read_legacy(file)
    with pytest.raises(UsageError, match="cannot be read"):
        read_legacy(tmp_path / "none")
