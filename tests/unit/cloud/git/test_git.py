"""The newest commit of repositories of strangers: nothing of theirs runs, and only their commit comes."""

from __future__ import annotations

import stat
import threading
import time
from pathlib import Path

import pytest

from extenci.cloud.git.checkout import root_in, take_newest
from extenci.cloud.git.origin import Origin, find_origin
from extenci.cloud.git.program import environment_of_git, run_git
from extenci.model.errors import GitError, Interrupted
from tests.repositories import git, make_clone, make_remote, push

NEVER = threading.Event()


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    return make_remote(tmp_path / "remote.git")


@pytest.fixture
def clone(tmp_path: Path, bare: Path) -> Path:
    """A clone with one commit, which is pushed."""
    folder = make_clone(tmp_path / "clone", bare)
    (folder / "specs").mkdir()
    (folder / "specs" / "extenci.yaml").write_text("stack: lab\n")
    push(folder)
    return folder


def trap(mark: Path) -> str:
    return f"#!/bin/sh\ntouch {mark}\ncat\n"


def write_program(path: Path, mark: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(trap(mark))
    path.chmod(0o755)


def test_the_newest_commit_of_the_remote_is_taken_and_the_clone_left_alone(
    tmp_path: Path, clone: Path
) -> None:
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), str(other))
    (other / "specs" / "new.yaml").write_text("service: sandbox\n")
    newest = push(other)
    origin = find_origin(clone / "specs", None, NEVER)
    assert origin == Origin(str(tmp_path / "remote.git"), "main", Path("specs"))
    assert origin is not None
    folder = tmp_path / "checkout"
    assert take_newest(origin, folder, NEVER) == newest
    assert (root_in(folder, origin.below) / "new.yaml").is_file()
    assert not (clone / "specs" / "new.yaml").exists()


def test_what_is_left_in_the_checkout_goes_and_a_rewritten_branch_is_followed(
    tmp_path: Path, clone: Path
) -> None:
    origin, folder = Origin(str(tmp_path / "remote.git"), "main", Path("specs")), tmp_path / "checkout"
    take_newest(origin, folder, NEVER)
    (folder / "specs" / "left.yaml").write_text("")
    (folder / "specs" / "extenci.yaml").write_text("stack: mine\n")
    (folder / ".git" / "index.lock").write_text("")  # of a git that was killed
    (clone / "specs" / "extenci.yaml").write_text("stack: other\n")
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "--amend", "-m", "rewritten")
    git(clone, "push", "-q", "--force", "origin", "main")
    assert take_newest(origin, folder, NEVER) == git(clone, "rev-parse", "HEAD")
    assert sorted(path.name for path in (folder / "specs").iterdir()) == ["extenci.yaml"]
    assert (folder / "specs" / "extenci.yaml").read_text() == "stack: other\n"


def test_a_checkout_that_is_damaged_is_begun_anew(tmp_path: Path, clone: Path) -> None:
    origin, folder = Origin(str(tmp_path / "remote.git"), "main", Path()), tmp_path / "checkout"
    newest = take_newest(origin, folder, NEVER)
    (folder / ".git" / "index").write_bytes(b"nonsense")
    assert take_newest(origin, folder, NEVER) == newest


def test_a_repository_without_a_remote_is_its_own(tmp_path: Path, clone: Path) -> None:
    git(clone, "remote", "remove", "origin")
    origin = find_origin(clone, "main", NEVER)
    assert origin == Origin(str(clone), "main", Path())


def test_a_folder_outside_of_git_has_no_origin_and_no_branch(tmp_path: Path) -> None:
    assert find_origin(tmp_path, None, NEVER) is None
    with pytest.raises(GitError, match="is in no git repository"):
        find_origin(tmp_path, "main", NEVER)


def test_a_branch_must_be_named_where_none_is_checked_out(clone: Path) -> None:
    git(clone, "checkout", "-q", "--detach")
    with pytest.raises(GitError, match="The branch to follow is not known") as raised:
        find_origin(clone, None, NEVER)
    assert "--branch" in raised.value.hint


@pytest.mark.parametrize("branch", ["a b", "x..y", "main\nevil"])
def test_what_is_no_name_of_a_branch_is_refused(clone: Path, branch: str) -> None:
    with pytest.raises((GitError, ValueError)):
        find_origin(clone, branch, NEVER)


@pytest.mark.parametrize("line", ["update = !touch MARK", "url = -uMARK", "path = -x"])
def test_a_commit_that_git_finds_malicious_is_refused(tmp_path: Path, clone: Path, line: str) -> None:
    mark = tmp_path / "ran"
    text = f'[submodule "sub"]\n  path = sub\n  url = {clone}\n  {line}\n'
    (clone / ".gitmodules").write_text(text.replace("MARK", str(mark)))
    push(clone)
    origin = Origin(str(tmp_path / "remote.git"), "main", Path())
    with pytest.raises(GitError, match="gitmodules"):
        take_newest(origin, tmp_path / "checkout", NEVER)
    assert not mark.exists()


PROGRAM_KEYS = (
    "core.fsmonitor", "core.sshCommand", "core.pager", "filter.evil.smudge", "filter.evil.clean",
    "filter.evil.process", "core.alternateRefsCommand", "credential.helper", "remote.origin.uploadpack",
    "uploadpack.packObjectsHook", "diff.external", "core.gitProxy",
)  # fmt: skip
HOOKS = ("post-checkout", "reference-transaction", "post-index-change", "fsmonitor-watchman", "pre-auto-gc")


def test_hooks_filters_monitors_and_transports_of_a_hostile_clone_do_not_run(
    tmp_path: Path, clone: Path, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, evil = tmp_path / "ran", tmp_path / "evil"
    write_program(evil, mark)
    (clone / ".gitattributes").write_text("* filter=evil diff=evil merge=evil\n")
    (clone / ".gitmodules").write_text(f'[submodule "sub"]\n  path = sub\n  url = {clone}\n')
    push(clone)
    for name in HOOKS:
        write_program(clone / ".git" / "hooks" / name, mark)
        write_program(bare / "hooks" / name, mark)
    for key in PROGRAM_KEYS:
        git(clone, "config", key, str(evil))
        git(bare, "config", key, str(evil))
    # What the machine's or the user's configuration would have a filter run is not run either.
    (tmp_path / ".gitconfig").write_text(f'[filter "evil"]\n  smudge = {evil}\n  process = {evil}\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(evil))
    assert not mark.exists()
    origin = find_origin(clone / "specs", None, NEVER)
    assert origin is not None
    take_newest(origin, tmp_path / "checkout", NEVER)
    assert (tmp_path / "checkout" / "specs" / "extenci.yaml").read_text() == "stack: lab\n"
    assert not mark.exists()


@pytest.mark.parametrize("url", ["ext::sh -c touch% MARK", "git://127.0.0.1:1/x", "http://127.0.0.1:1/x",
                                 "fd::17", "-uMARK"])  # fmt: skip
def test_other_protocols_than_https_ssh_and_files_are_refused(tmp_path: Path, clone: Path, url: str) -> None:
    mark = tmp_path / "ran"
    git(clone, "config", "remote.origin.url", url.replace("MARK", str(mark)))
    origin = find_origin(clone, None, NEVER)
    assert origin is not None
    with pytest.raises(GitError, match="failed"):
        take_newest(origin, tmp_path / "checkout", NEVER)
    assert not mark.exists()


def test_a_link_in_place_of_the_specs_leads_nowhere(tmp_path: Path, clone: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (clone / "link").symlink_to(tmp_path / "elsewhere")
    push(clone)
    origin, folder = Origin(str(tmp_path / "remote.git"), "main", Path("link")), tmp_path / "checkout"
    take_newest(origin, folder, NEVER)
    with pytest.raises(GitError, match="leads out of the repository"):
        root_in(folder, origin.below)
    with pytest.raises(GitError, match="has no folder gone"):
        root_in(folder, Path("gone"))


def test_a_remote_that_does_not_answer_is_given_up_at_once_when_told_to_stop(tmp_path: Path) -> None:
    slow = tmp_path / "ssh"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(slow.stat().st_mode | stat.S_IXUSR)
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    began = time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_SSH", str(slow))
        with pytest.raises(Interrupted):
            take_newest(Origin("ssh://nowhere.example/x", "main", Path()), tmp_path / "checkout", stop)
        words = ("fetch", "ssh://nowhere.example/x")
        with pytest.raises(GitError, match="did not end within"):
            run_git(tmp_path / "checkout", *words, stop=NEVER, seconds=0.3)
    assert time.monotonic() - began < 10


def test_passwords_in_urls_are_not_told(tmp_path: Path) -> None:
    origin = Origin("https://ann:hunter2@127.0.0.1:1/x.git", "main", Path())
    with pytest.raises(GitError) as raised:
        take_newest(origin, tmp_path / "checkout", NEVER)
    assert "hunter2" not in str(raised.value)


def test_git_gets_no_variable_that_moves_it() -> None:
    found = environment_of_git({"GIT_DIR": "/x", "GIT_SSH_COMMAND": "ssh -i k", "HOME": "/h"}, alone=False)
    assert "GIT_DIR" not in found
    assert found["GIT_SSH_COMMAND"] == "ssh -i k"
    assert "GIT_CONFIG_GLOBAL" not in found
    assert environment_of_git({}, alone=True)["GIT_CONFIG_GLOBAL"] == "/dev/null"
