"""The words by which hooks are allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from extenci.catalog.hooks import asked_hooks, hook_word
from extenci.catalog.trust import settings_of_environment
from extenci.model.errors import UsageError
from extenci.model.hook import Event, Hook
from extenci.model.trust import HookGrant, HookRequest, Settings

EVERY = frozenset(Event)


def program(*words: str) -> Hook:
    return Hook(words, "", EVERY, 30)


def test_a_program_is_its_words_and_the_content_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "tell").write_text("one")
    (tmp_path / "more").write_text("two")
    first = hook_word(program("./tell", "--x"), tmp_path)
    assert first.startswith("hook:")
    assert hook_word(program("./tell", "--x"), tmp_path) == first
    assert hook_word(program("./tell", "--y"), tmp_path) != first
    assert hook_word(program("./tell --x"), tmp_path) != first
    second = hook_word(program("sh", "more"), tmp_path)
    (tmp_path / "more").write_text("three")
    assert hook_word(program("sh", "more"), tmp_path) != second
    assert hook_word(program("./tell", "--x"), tmp_path) == first
    (tmp_path / "tell").write_text("changed")
    assert hook_word(program("./tell", "--x"), tmp_path) != first


def test_files_outside_of_the_root_do_not_count(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside").write_text("one")
    (root / "link").symlink_to(tmp_path / "outside")
    before = hook_word(program("../outside", "link"), root)
    (tmp_path / "outside").write_text("two")
    assert hook_word(program("../outside", "link"), root) == before


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("https://chat.example.edu/a?token=x", "hook:https://chat.example.edu"),
        ("https://chat.example.edu:443/b", "hook:https://chat.example.edu"),
        ("https://Chat.example.edu:8443/b", "hook:https://chat.example.edu:8443"),
    ],
)
def test_an_address_is_its_scheme_host_and_port(tmp_path: Path, url: str, word: str) -> None:
    assert hook_word(Hook((), url, EVERY, 30), tmp_path) == word


def test_the_label_of_an_address_has_no_path() -> None:
    assert Hook((), "https://chat.example.edu/secret", EVERY, 30).label == "https://chat.example.edu/…"


def test_hooks_are_those_of_an_event_and_asked_for_the_named_root(tmp_path: Path) -> None:
    (tmp_path / "extenci.yaml").write_text(
        "stack: lab\nhooks:\n  - {run: [./x], after: [verify]}\n  - {url: 'https://a.example/x'}\n"
    )
    shown = Path("/srv/specs")
    assert [one.request.root for one in asked_hooks(tmp_path, shown)] == ["/srv/specs"] * 2
    assert [one.hook.url for one in asked_hooks(tmp_path, shown, Event.APPLY)] == ["https://a.example/x"]


def test_a_grant_is_for_one_root_unless_it_names_none() -> None:
    request = HookRequest("/srv/specs", "./x", "hook:" + "0" * 64)
    assert Settings(hooks=(HookGrant("/srv/specs", "", request.word),)).allows_hook(request)
    assert Settings(hooks=(HookGrant("", "", request.word),)).allows_hook(request)
    assert not Settings(hooks=(HookGrant("/srv/other", "", request.word),)).allows_hook(request)
    assert not Settings(hooks=(HookGrant("/srv/specs", "", "hook:" + "1" * 64),)).allows_hook(request)


def test_the_environment_allows_hooks_by_their_words() -> None:
    word = "hook:" + "ab" * 32
    found = settings_of_environment({"EXTENCI_TRUST": f"{word} hook:https://chat.example.edu:443/x"})
    assert [one.word for one in found.hooks] == [word, "hook:https://chat.example.edu"]
    for wrong in ("hook:", "hook:http://chat.example.edu", "hook:abc", "hook:aws"):
        with pytest.raises(UsageError, match="nothing that can be trusted"):
            settings_of_environment({"EXTENCI_TRUST": wrong})
