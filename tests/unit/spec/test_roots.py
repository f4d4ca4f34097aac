"""Roots, stacks, and narrowing to paths, services and targets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from extenci.model.address import Address
from extenci.model.desired import Desired, Selection
from extenci.model.errors import SpecError, UsageError
from extenci.model.service import Service
from extenci.spec import resolve
from extenci.spec.files import root_files
from extenci.spec.load import load_desired
from extenci.spec.own_file import AllowedPaths
from extenci.spec.root import find_root

SANDBOX = Service(name="sandbox", region="us-east-1", ec2="http://127.0.0.1:1")

SPEC = "service: {service}\nimages:\n  {name}: {{source: x.raw}}\n"


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def load(
    *paths: Path, service: str | None = None, targets: tuple[str, ...] = (), excluded: tuple[str, ...] = ()
) -> Desired:
    return load_desired(
        paths, catalog_services={}, sandbox=SANDBOX, service=service, targets=targets, excluded=excluded
    )


def problems_of(*paths: Path) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load(*paths)
    return [problem.message for problem in caught.value.problems]


def addresses(*texts: str) -> frozenset[Address]:
    return frozenset(Address.parse(text) for text in texts)


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    write(
        tmp_path / "repo",
        {
            "extenci.yaml": "stack: mine\nignore: [ci]",
            "a.yaml": SPEC.format(service="sandbox", name="a"),
            "deep/b.yml": SPEC.format(service="[sandbox, far]", name="b"),
            "deep/c.yaml": SPEC.format(service="far", name="c"),
            "services/far.yaml": "region: eu-west-1",
            ".github/workflow.yaml": "on: push",
            "ci/pipeline.yaml": "stages: []",
            "README.md": "",
        },
    )
    return tmp_path / "repo"


def test_the_root_is_the_nearest_folder_with_settings(specs: Path) -> None:
    assert find_root(specs / "deep" / "b.yml") == specs
    assert find_root(specs / "deep") == specs
    assert find_root(specs) == specs


def test_without_settings_the_folder_itself_is_the_root(specs: Path) -> None:
    (specs / "extenci.yaml").unlink()
    assert find_root(specs / "deep" / "b.yml") == specs / "deep"
    assert find_root(specs / "deep") == specs / "deep"


def test_the_current_folder_is_meant_where_no_path_is_given(
    specs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(specs / "deep")
    assert load().root == str(specs)


def test_the_whole_root_is_selected_by_itself_and_by_its_settings(specs: Path) -> None:
    for path in (specs, specs / "extenci.yaml"):
        desired = load(path)
        assert desired.selection == Selection()
        assert {str(spec.address) for spec in desired.images} == {"sandbox/a", "sandbox/b", "far/b", "far/c"}
        assert set(desired.services) == {"sandbox", "far"}


def test_a_path_inside_narrows_but_loads_the_whole_root(specs: Path) -> None:
    desired = load(specs / "deep" / "b.yml")
    assert desired.selection == Selection(addresses("sandbox/b", "far/b"))
    assert len(desired.images) == 4
    assert load(specs / "deep").selection == Selection(addresses("sandbox/b", "far/b", "far/c"))
    assert load(specs / "a.yaml", specs / "deep" / "c.yaml").selection == Selection(
        addresses("sandbox/a", "far/c")
    )
    assert load(specs / "a.yaml", specs).selection == Selection()


def test_a_service_and_targets_narrow_too(specs: Path) -> None:
    assert load(specs, service="far").selection == Selection(None, frozenset(("far",)))
    assert load(specs, targets=("far/b", "far/c")).selection == Selection(addresses("far/b", "far/c"))
    assert load(specs / "deep", targets=("far/c",)).selection == Selection(addresses("far/c"))


def test_addresses_can_be_excluded_whatever_else_is_selected(specs: Path) -> None:
    assert load(specs, excluded=("far/b",)).selection == Selection(excluded=addresses("far/b"))
    both = load(specs, targets=("far/c",), excluded=("far/b",)).selection
    assert both == Selection(addresses("far/c"), excluded=addresses("far/b"))
    with pytest.raises(UsageError, match="both a target and excluded"):
        load(specs, targets=("far/b",), excluded=("far/b",))
    with pytest.raises(UsageError, match="excluded address far/b is not in the given files"):
        load(specs / "a.yaml", excluded=("far/b",))
    with pytest.raises(UsageError, match="excluded address 'b' is not an address") as error:
        load(specs, excluded=("b",))
    assert error.value.hint == "Write SERVICE/NAME, such as far/b or sandbox/b."


def test_a_target_that_the_specs_no_longer_have_is_kept(specs: Path) -> None:
    assert load(specs, targets=("far/gone",)).selection == Selection(addresses("far/gone"))
    assert load(specs / "deep", targets=("far/gone",)).selection == Selection(addresses("far/gone"))


@pytest.mark.parametrize(
    ("paths", "service", "targets", "expected"),
    [
        (["."], "fra", [], "did you mean 'far'"),
        (["."], None, ["fra/b"], "did you mean 'far'"),
        (["."], None, ["b"], "is not an address"),
        (["."], None, ["far/b/c"], "is not an address"),
        (["."], "far", ["sandbox/a"], "not at the service"),
        (["a.yaml"], None, ["far/b"], "not in the given files"),
        (["README.md"], None, [], "is not a spec file"),
        (["ci/pipeline.yaml"], None, [], "is not a spec file"),
        (["ci"], None, [], "holds no spec files"),
        ([".github/workflow.yaml"], None, [], "is not a spec file"),
        (["services/far.yaml"], None, [], "--service far"),
        (["missing.yaml"], None, [], "No such file"),
        (["."], None, ["\x1b[2J/b"], r"\\x1b"),
    ],
)
def test_what_cannot_be_selected_is_wrong_usage(
    specs: Path, paths: list[str], service: str | None, targets: list[str], expected: str
) -> None:
    with pytest.raises(UsageError, match=expected):
        load(*(specs / path for path in paths), service=service, targets=tuple(targets))


def test_paths_of_two_roots_are_refused(specs: Path, tmp_path: Path) -> None:
    write(tmp_path / "other", {"a.yaml": SPEC.format(service="sandbox", name="x")})
    with pytest.raises(UsageError, match="different spec roots"):
        load(specs, tmp_path / "other")


def test_the_sandbox_is_asked_only_when_sound_specs_use_it(specs: Path) -> None:
    def start() -> Service:
        started.append(1)
        return SANDBOX

    started: list[int] = []
    load_desired([specs], catalog_services={}, sandbox=start, service="far")
    assert not started
    assert load_desired([specs], catalog_services={}, sandbox=start).services["sandbox"] is SANDBOX
    assert started == [1]
    write(specs, {"broken.yaml": "service: sandbox\nx: 1"})
    with pytest.raises(SpecError):
        load_desired([specs], catalog_services={}, sandbox=start)
    assert started == [1]


def test_an_entry_less_file_is_a_wish_for_nothing_there_but_a_file_less_root_is_an_error(
    tmp_path: Path,
) -> None:
    assert "holds no spec files" in problems_of(tmp_path)[0]
    write(tmp_path, {"a.yaml": "service: sandbox"})
    assert load(tmp_path).images == ()


def test_links_are_followed_inside_the_root_only(specs: Path, tmp_path: Path) -> None:
    write(tmp_path, {"outside.yaml": SPEC.format(service="sandbox", name="x")})
    (specs / "same.yaml").symlink_to("a.yaml")
    (specs / "loop").symlink_to(".")
    (specs / "disks").symlink_to(tmp_path)
    assert len(load(specs).images) == 4
    assert load(specs / "same.yaml").selection == Selection(addresses("sandbox/a"))
    (specs / "out.yaml").symlink_to("../outside.yaml")
    (specs / "services" / "out.yaml").symlink_to("../../outside.yaml")
    assert [text.split(";")[0] for text in problems_of(specs)] == [
        "is a link that leads out of the spec root"
    ] * 2


def test_settings_that_are_a_link_out_of_the_root_are_not_read(specs: Path, tmp_path: Path) -> None:
    write(tmp_path, {"secrets.yaml": "token-hunter2: hunter2"})
    (specs / "extenci.yaml").unlink()
    (specs / "extenci.yaml").symlink_to("../secrets.yaml")
    assert "leads out of the spec root" in "\n".join(problems_of(specs))
    assert "hunter2" not in "\n".join(problems_of(specs))


def test_a_list_of_services_cannot_multiply_wishes_without_bound(
    specs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolve, "MOST_DESIRED", 4)
    assert len(load(specs).images) == 4
    write(specs, {"d.yaml": SPEC.format(service="[sandbox, far]", name="d")})
    with pytest.raises(UsageError, match="more than 4 images and groups"):
        load(specs)
    names = ", ".join(f"s{number}" for number in range(101))
    write(specs, {"d.yaml": SPEC.format(service=f"[{names}]", name="d")})
    assert problems_of(specs) == ["'service' has too many items: 101, at most 100"]


def test_of_very_many_problems_the_rest_is_counted(specs: Path) -> None:
    write(specs, {"d.yaml": "service: sandbox\n" + "".join(f"x{number}: 1\n" for number in range(600))})
    problems = problems_of(specs)
    assert len(problems) == 501
    assert "has 100 more problems of this kind" in problems


def test_a_current_folder_that_is_gone_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(UsageError, match="No such file"):
        load()


def test_the_walk_is_bounded(specs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(root_files, "MOST_FILES", 3)
    with pytest.raises(UsageError, match="more than 3 YAML files"):
        load(specs)
    monkeypatch.setattr(root_files, "MOST_ENTRIES", 3)
    with pytest.raises(UsageError, match="more than 3 files"):
        load(specs)


def test_a_root_of_large_files_is_refused_unread(tmp_path: Path) -> None:
    for number in range(10):
        with (tmp_path / f"{number}.yaml").open("w") as file:
            file.write("service: sandbox\n")
            file.truncate(1 << 20)
    with pytest.raises(UsageError, match="10 MiB"):
        load(tmp_path)


def test_names_that_could_act_on_a_terminal_are_escaped(tmp_path: Path) -> None:
    name = os.fsdecode(b"\x1b[2J\xff\n.yaml")
    (tmp_path / name).write_text("service: 1")
    with pytest.raises(SpecError) as caught:
        load(tmp_path)
    assert str(caught.value).isprintable()
    str(caught.value).encode()


def test_problems_come_in_the_order_of_files_and_lines(specs: Path) -> None:
    write(specs, {"a.yaml": "x: 1\nservice: nowhere\ny: 2\nimages: {}", "b.yaml": "service: []"})
    with pytest.raises(SpecError) as caught:
        load(specs)
    assert [(Path(p.file).name, p.line) for p in caught.value.problems] == [
        ("a.yaml", 1), ("a.yaml", 2), ("a.yaml", 3), ("b.yaml", 1),
    ]  # fmt: skip


def test_a_user_data_file_may_be_a_link_inside_the_root_only(specs: Path, tmp_path: Path) -> None:
    group = "service: sandbox\ninstances:\n  p: {{image: ami-1, type: t, count: 1, user_data_file: {}}}\n"
    write(specs, {"p.yaml": group.format("deep/link.txt"), "text.txt": "#!/bin/sh\n"})
    write(tmp_path, {"id_ed25519": "PRIVATE"})
    (specs / "deep" / "link.txt").symlink_to("../text.txt")
    assert load(specs).instances[0].settings.user_data == "IyEvYmluL3NoCg=="
    (specs / "deep" / "link.txt").unlink()
    (specs / "deep" / "link.txt").symlink_to("../../id_ed25519")
    (problem,) = problems_of(specs)
    assert "leads out of the spec root" in problem
    (specs / "deep" / "link.txt").unlink()
    os.mkfifo(specs / "deep" / "link.txt")
    assert "is a named pipe" in problems_of(specs)[0]
    (specs / "deep" / "link.txt").unlink()
    (specs / "deep" / "link.txt").write_text("x" * 16385)
    assert "too large" in problems_of(specs)[0]


def test_a_disk_may_be_a_link_inside_the_root_only(specs: Path, tmp_path: Path) -> None:
    write(specs, {"p.yaml": "service: sandbox\nimages:\n  p: {source: deep/link.raw}\n", "disk.raw": "x"})
    (specs / "deep" / "link.raw").symlink_to("../disk.raw")
    assert str(specs / "disk.raw") in {image.source for image in load(specs).images}
    (tmp_path / "away").mkdir()
    (specs / "disk.raw").unlink()
    (specs / "disk.raw").symlink_to(tmp_path / "away" / "secret")
    (problem,) = problems_of(specs)
    assert problem == (
        f"'source' leads out of the spec root, to {tmp_path}/away/secret; move the disk, or allow its folder "
        f"with `extenci trust --sources {tmp_path}/away`"
    )
    allowed = load_desired(
        [specs], catalog_services={}, sandbox=SANDBOX, allowed=AllowedPaths((tmp_path / "away",))
    )
    assert str(tmp_path / "away" / "secret") in {image.source for image in allowed.images}


def test_a_hidden_disk_is_refused(specs: Path) -> None:
    write(specs, {"p.yaml": "service: sandbox\nimages:\n  p: {source: .git/config}\n"})
    assert "leads to a hidden file or folder" in problems_of(specs)[0]
