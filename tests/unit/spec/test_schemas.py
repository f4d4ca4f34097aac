"""The JSON Schemas of files accept what `validate` accepts, and refuse what it refuses."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from extenci.spec.editor_schema import FORMS, json_schema
from extenci.spec.validation.faults import validate
from extenci.spec.yaml.document import plain
from extenci.spec.yaml.load import load_document
from tests.system.docs.blocks import ROOT, all_pages, blocks_of

jsonschema = pytest.importorskip("jsonschema")
CASES = ROOT / "tests" / "unit" / "spec" / "cases"
FILES = [path for folder in (CASES, ROOT / "specs") for path in sorted(folder.rglob("*.y*ml"))]
FILES = [path for path in FILES if path.is_file()]
DIGEST = "0" * 64
REFUSED = {
    "spec": [
        "images: {}",
        "service: [sandbox, sandbox]",
        "service: my cloud",
        "service: []",
        "service: x\nimages: {two words: {source: a}}",
        "service: x\nimages: {ami-1: {source: a}}",
        "service: x\nimages: {a: {source: 'https://example.edu/a.raw'}}",
        "service: x\nimages: {a: {source: 's3://bucket/a.raw'}}",
        f"service: x\nimages: {{a: {{source: 'ftp://example.edu/a', sha256: '{DIGEST}'}}}}",
        f"service: x\nimages: {{a: {{source: 'https://me:pw@example.edu/a', sha256: '{DIGEST}'}}}}",
        f"service: x\nimages: {{a: {{source: 'https://example.edu/', sha256: '{DIGEST}'}}}}",
        f"service: x\nimages: {{a: {{source: 's3://bucket', sha256: '{DIGEST}'}}}}",
        "service: x\nimages: {a: {source: a, tags: {'aws:x': b}}}",
        "service: x\nimages: {a: {source: a, tags: {'AWS:x': b}}}",
        "service: x\nimages: {a: {source: a, tags: {'extenci:x': b}}}",
        "service: x\nimages: {a: {source: a, tags: {' ': b}}}",
        "service: x\nimages: {a: {source: a, verify: {user_data: a, user_data_file: b}}}",
        "service: x\nimages: {a: {source: a, verify: {timeout: ''}}}",
        "service: x\nimages: {a: {source: a, verify: {checks: [{tcp: 22, http: /}]}}}",
        "service: x\nimages: {a: {source: a, verify: {checks: [{nothing: 1}]}}}",
        "service: x\ninstances: {a: {type: t, image: ami-!, count: 1}}",
        "service: x\ninstances: {a: {type: t, image: b, count: 1, user_data: a, user_data_file: b}}",
        "service: x\ninstances: {a: {type: t, image: b, count: 1, security_groups: [a, a]}}",
        "service: x\ninstances: {a: {type: t, image: b, count: 1, spot_price: 0}}",
        "service: x\ninstances: {a: {type: t, image: b, count: 1, launch_timeout: 15}}",
        "service: x\ninstances: {a: {type: t, image: b, count: '1'}}",
        "service: x\ninstances: {a: {type: t, image: b}}",
    ],
    "service": [
        "bucket: there",
        "region: x\ncredentials: {profile: a, access_key_file: b}",
        "region: x\ncredentials: {access_key_file: b}",
        "region: x\ncredentials: {}",
        "ec2: https://me@example.edu",
        "ec2: https://example.edu/?a",
        "ec2: example.edu",
        "region: x\nlaunch: condor",
        "region: x\nlaunch: condor\ncredentials: {profile: a}",
        "region: x\ncondor: {pool: far.example}",
        "region: x\ncondor: {schedd: far}\ncredentials: {access_key_file: a, secret_key_file: b}",
        "region: x\ntest: {user_data: a, user_data_file: b}",
        "region: x\nabilities: {nonsense: true}",
    ],
    "root": ["stack: two words", "format: 2", "ignore: x", "nonsense: x"],
}
ACCEPTED = {
    "spec": [
        "service: x",
        f"service: [a, b]\nimages: {{a: {{source: 'https://example.edu/a.raw?x=@', sha256: '{DIGEST}'}}}}",
        f"service: x\nimages: {{a: {{source: 's3://bucket/a b/c', sha256: '{DIGEST}'}}}}",
        "service: x\nimages: {a: {source: ../a b.raw, tags: {awsome: x, 'my:aws:': y}}}",
        "service: x\ninstances: {a: {type: t, image: emi-0123ABCD, count: 0, launch_timeout: 1h30m}}",
        "service: x\ninstances: {a: {type: t, image: b, count: 1, spot_price: 0.05, user_data: a}}",
    ],
    "service": [
        "ec2: http://127.0.0.1:8773/services/Eucalyptus/",
        "ec2: http://[::1]:8773",
        "region: x\ncredentials: {profile: a}",
        "region: x\nlaunch: condor\ncredentials: {access_key_file: a, secret_key_file: b}",
        "region: x\ncondor: {pool: localhost}\ncredentials: {access_key_file: a, secret_key_file: b}",
        "region: x\ncondor: {pool: far, credentials: {access_key_file: a, secret_key_file: b}}",
        "region: x\nabilities: {filters: false}",
    ],
    "root": ["", "stack: physics\nignore: [a, 'b/*']\nroot: one"],
}


def kind_of(path: Path) -> str:
    if path.name == "extenci.yaml":
        return "root"
    return "service" if path.parent.name in {"services", ".catalog"} else "spec"


def as_json(value: Any) -> Any:
    """Values of YAML as JSON has them."""
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return float(value) if isinstance(value, Decimal) else value


def judged(path: Path, kind: str) -> tuple[bool, bool] | None:
    """Whether validate and the schema accept a file; None where it is no YAML that either could judge."""
    document = load_document(path)
    if document.top is None or document.faults:
        return None
    _, faults = validate(FORMS[kind], document)
    validator = jsonschema.Draft202012Validator(json_schema(kind))
    return not faults, validator.is_valid(as_json(plain(document.top)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_are_accepted_by_both_or_by_neither(path: Path) -> None:
    found = judged(path, kind_of(path))
    assert found is None or found[0] == found[1]


def snippets(given: dict[str, list[str]]) -> list[Any]:
    pairs = [(kind, text) for kind, texts in given.items() for text in texts]
    return [pytest.param(kind, text, id=f"{kind} {text}"[:90]) for kind, text in pairs]


@pytest.mark.parametrize(("kind", "text"), snippets(REFUSED))
def test_what_validate_refuses_is_refused(kind: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text, "utf-8")
    assert judged(file, kind) == (False, False)


@pytest.mark.parametrize(("kind", "text"), snippets(ACCEPTED))
def test_what_validate_accepts_is_accepted(kind: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text, "utf-8")
    assert judged(file, kind) in {None, (True, True)}


def test_examples_in_the_documentation_are_accepted(tmp_path: Path) -> None:
    judgements = {}
    for page in all_pages():
        for block in blocks_of(page):
            if block.language != "yaml" or block.mark == "not ours":
                continue
            keys = set(YAML(typ="safe", pure=True).load(block.text))
            kind = next((name for name, form in FORMS.items() if keys <= set(form.model_fields)), None)
            if kind is None:
                continue
            part = kind == "spec" and "service" not in keys
            file = tmp_path / "block.yaml"
            file.write_text(f"service: sandbox\n{block.text}" if part else block.text, "utf-8")
            judgements[block.place] = judged(file, kind)
    assert len(judgements) > 10
    assert {place: found for place, found in judgements.items() if found != (True, True)} == {}


@pytest.mark.parametrize("kind", FORMS)
def test_they_are_schemas(kind: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema(kind))
