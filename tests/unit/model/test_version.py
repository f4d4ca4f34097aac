from __future__ import annotations

import pytest

from extenci.model.version import is_url, shown_source


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("/disks/a ?b@c.raw", "/disks/a ?b@c.raw"),
        ("https://h/a.qcow2", "https://h/a.qcow2"),
        ("https://u:hunter2@h:8443/a.raw", "https://h:8443/a.raw"),
        ("https://h/a.raw?X-Amz-Signature=hunter2&x=1", "https://h/a.raw?…"),
        ("https://h/a.raw#hunter2", "https://h/a.raw"),
        ("s3://bucket/a/b.raw", "s3://bucket/a/b.raw"),
        ("https://[hunter2/a.raw", "https://…"),
    ],
)
def test_what_may_be_secret_in_a_source_is_not_shown(source: str, shown: str) -> None:
    assert shown_source(source) == shown


def test_a_path_with_a_colon_is_no_url() -> None:
    assert not is_url("/x/nbd:localhost")
    assert not is_url("/x/https://h/k")
    assert not is_url("./a://b")
    assert is_url("s3://b/k")
