"""The home's settings: read, added to, and taken from, with comments where they were."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import extenci
from extenci.model.errors import SpecError
from extenci.model.trust import Access, Grant, HookGrant, Settings
from extenci.spec.settings.edit import SOURCES, TRUST, add_grant, add_path, remove_entries
from extenci.spec.settings.file import read_settings

ACCESS = Access(frozenset({"https://cloud.example.edu:8773", "aws"}), frozenset({"profile:a b", "sdk"}))
BY_HAND = """\
# mine
sources:
  - /srv/images   # the big disk
  - ~/images
trust:
  - endpoints: [https://Cloud.example.edu:443/services/compute]
    credentials: ["file:~/keys"]
"""


def test_no_file_is_no_settings(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "settings.yaml") == Settings()
    (tmp_path / "settings.yaml").write_text("# nothing\n\n")
    assert read_settings(tmp_path / "settings.yaml") == Settings()


def test_settings_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    file = tmp_path / "settings.yaml"
    file.write_text(BY_HAND)
    access = Access(frozenset({"https://cloud.example.edu"}), frozenset({f"file:{tmp_path}/keys"}))
    assert read_settings(file) == Settings(("/srv/images", f"{tmp_path}/images"), (Grant("", access),))


def test_what_is_added_is_read_again_and_can_be_removed(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    text = add_path("", SOURCES, "/srv/with: colon")
    assert text.startswith("# The settings of this user.")
    text = add_grant(add_grant(text, Grant("campus", ACCESS)), Grant("bnl", ACCESS))
    file.write_text(text)
    assert read_settings(file) == Settings(
        ("/srv/with: colon",), (Grant("campus", ACCESS), Grant("bnl", ACCESS))
    )
    file.write_text(remove_entries(text, TRUST, [0]))
    assert read_settings(file).grants == (Grant("bnl", ACCESS),)
    file.write_text(remove_entries(remove_entries(text, TRUST, [0, 1]), SOURCES, [0]))
    assert read_settings(file) == Settings()


def test_comments_stay() -> None:
    text = add_path(add_grant(BY_HAND, Grant("campus", ACCESS)), SOURCES, "/more")
    assert "# mine" in text
    assert "- /srv/images   # the big disk" in text
    assert '["file:~/keys"]' in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("source: [/x]\n", "did you mean 'sources'?"),
        ("sources: /x\n", "must be a list"),
        ("trust:\n- endpoints: [ftp://x]\n  credentials: [sdk]\n", "must be an endpoint such as"),
        ("trust:\n- endpoints: ['https://x:99999']\n  credentials: [sdk]\n", "must be an endpoint such as"),
        ("trust:\n- endpoints: [aws]\n  credentials: [everything]\n", "must be sdk, profile:NAME"),
        ("trust:\n- endpoints: []\n  credentials: [sdk]\n", "settings.yaml:2:"),
    ],
)
def test_mistakes_are_told_with_their_places(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "settings.yaml").write_text(text)
    with pytest.raises(SpecError) as caught:
        read_settings(tmp_path / "settings.yaml")
    assert said in str(caught.value)


def test_the_settings_that_are_documented_are_valid(tmp_path: Path) -> None:
    document = Path(extenci.__file__).parent / "docs" / "trust.md"
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", document.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (tmp_path / "settings.yaml").write_text(example)
    access = Access(frozenset({"https://cloud.example.edu:8773"}), frozenset({"profile:research"}))
    key = str(Path("~/.ssh/lab").expanduser())
    hook = HookGrant("/home/ann/specs", "https://chat.example.edu/…", "hook:https://chat.example.edu")
    assert read_settings(tmp_path / "settings.yaml") == Settings(
        ("/srv/images",), (Grant("campus", access),), (key,), (hook,)
    )
