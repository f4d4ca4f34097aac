"""Which of a repository's YAML files are specs."""

from __future__ import annotations

from pathlib import Path

import pytest

from extenci.model.desired import Desired
from extenci.model.errors import SpecError
from extenci.model.service import Service
from extenci.spec.files.recognition import find_candidates, is_spec
from extenci.spec.load import load_desired
from extenci.spec.yaml.load import load_document

SANDBOX = Service(name="sandbox", region="us-east-1", ec2="http://127.0.0.1:1")
SPEC = "service: sandbox\nimages:\n  w: {source: w.raw}\n"

OTHERS = {
    "compose.yaml": "services:\n  web: {image: nginx}\nimages: 1\n",
    "cloud-init.yaml": "#cloud-config\npackages: [git]\n",
    "kustomization.yaml": "resources: [a.yaml]\nimages:\n  - {name: web, newTag: '1'}\n",
    "serverless.yml": "service: my-app\nprovider: {name: aws}\nfunctions: {}\n",
    "values.yaml": "image: {tag: x}\nservice: {type: ClusterIP}\n",
    "ingress.yaml": "apiVersion: v1\nspec:\n  service: {name: web}\n  images: {a: {source: x}}\n",
    "template.yaml": "{{- if .Values.x }}\nkind: Pod\n{{ end }}\n",
    "several.yaml": "kind: A\n---\nkind: B\n",
    "broken.yaml": "a: b: c\n",
    "list.yaml": "- service: sandbox\n",
    "words.yaml": "service\n",
    "empty.yaml": "",
    "comments.yaml": "# service: sandbox\n# images: {}\n",
    "lock.yaml": "lock: " + "x" * (2 << 20),
}
SPECS = {
    "whole": SPEC,
    "indented": "---\n# specs\n  service: sandbox\n  images: {}\n",
    "json": '{"service": "sandbox", "instances": {}}',
    "one of nothing": "service: sandbox\n",
    "with a key misspelt": "servcie: sandbox\nimages:\n  w: {source: w.raw}\n",
    "with a section misspelt": "service: elsewhere\nimags:\n  w: {source: w.raw}\n",
    "without a service": "instances: {}\n",
    "of a known service": "service: [campus, sandbox]\nx: 1\n",
    "with more keys": "service: elsewhere\nimages: []\nx: 1\n",
    "that is cut": "service: sandbox\nimages: {",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def load(*paths: Path, told: list[str] | None = None) -> Desired:
    told = [] if told is None else told
    return load_desired(paths, catalog_services={}, sandbox=SANDBOX, tell=told.append)


def problem_of(*paths: Path) -> str:
    with pytest.raises(SpecError) as caught:
        load(*paths)
    (problem,) = caught.value.problems
    return problem.message


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_of_another_program_is_no_spec(tmp_path: Path, name: str) -> None:
    told: list[str] = []
    write(tmp_path, {"specs.yaml": SPEC, name: OTHERS[name]})
    assert len(load(tmp_path, told=told).images) == 1
    (line,) = told
    assert line.startswith(f"Passed over 1 YAML file that is no spec: {name}.")


@pytest.mark.parametrize("text", SPECS.values(), ids=SPECS)
def test_a_spec_is_one_with_all_its_mistakes(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, {"a.yaml": text}) / "a.yaml"
    assert find_candidates([path], []) == (path,)
    document = load_document(path)
    assert document.top is None or is_spec(document.top, ["sandbox"])


def test_one_line_names_a_few_of_the_files_passed_over_and_counts_the_rest(tmp_path: Path) -> None:
    told: list[str] = []
    load(write(tmp_path, {"specs.yaml": SPEC, **OTHERS}), told=told)
    (line,) = told
    assert line == (
        "Passed over 14 YAML files that are no specs: broken.yaml, cloud-init.yaml, comments.yaml "
        "and 11 more. (Specs say `service:` with `images:` or `instances:`.)"
    )


def test_files_that_are_ignored_are_not_told_of(tmp_path: Path) -> None:
    told: list[str] = []
    ignore = {"extenci.yaml": "stack: x\nignore: [compose.yaml]\n", "compose.yaml": OTHERS["compose.yaml"]}
    load(write(tmp_path, {"specs.yaml": SPEC, **ignore}), told=told)
    assert told == []


def test_a_file_that_is_named_is_read_as_a_spec(tmp_path: Path) -> None:
    write(tmp_path, {"specs.yaml": SPEC, "words.yaml": "service\n"})
    assert problem_of(tmp_path / "words.yaml") == "the file must be a mapping, not text"


def test_a_folder_without_specs_says_what_it_holds_instead(tmp_path: Path) -> None:
    problem = problem_of(write(tmp_path, {"compose.yaml": OTHERS["compose.yaml"]}))
    assert "holds no spec files" in problem
    assert "Passed over 1 YAML file that is no spec: compose.yaml." in problem


def test_roots_below_a_folder_that_is_none_are_named(tmp_path: Path) -> None:
    roots = {f"{name}/extenci.yaml": "stack: x\n" for name in ("specs", "more/a", "more/b", "more/c")}
    write(tmp_path, {**roots, "wrong.yaml": "service: 1\nimages: 1\n"})
    assert problem_of(tmp_path) == (
        "has no extenci.yaml, and spec roots are below it: 'specs', 'more/a', 'more/b' and 'more/c'; "
        "name the one that is meant"
    )


def test_services_of_a_folder_that_is_no_root_are_read_where_specs_name_them(tmp_path: Path) -> None:
    services = {"services/web.yaml": "kind: Service\n", "services/deep/x.yaml": "x: 1\n"}
    assert load(write(tmp_path, {"specs.yaml": SPEC, **services})).images
    write(tmp_path, {"specs.yaml": "service: web\nimages: {}\n"})
    assert "unknown key 'kind'" in problem_of(tmp_path)
