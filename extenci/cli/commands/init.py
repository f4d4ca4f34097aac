"""`extenci init`."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extenci.cli.terminal import write_result

if TYPE_CHECKING:
    from extenci.api import NewRepository

MEANINGS = {
    "extenci.yaml": "the stack and its settings",
    "sandbox.yaml": "an image and two machines on the sandbox",
    "disks/hello.raw": "a disk of 1 MiB that boots and says hello",
    "services/": "samples of other clouds",
    ".gitignore": "keeps disks, plans and keys out of git",
    ".github/workflows/extenci.yaml": "pipeline for GitHub",
    ".gitlab-ci.yml": "pipeline for GitLab",
    "pipeline/review.py": "carries plans from reviews to merges",
    ".schema/": "schemas for editors",
    "systemd/": "keeps the services what the newest commit says",
}


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder of the new repository, or an existing one.")
    ],
    stack: Annotated[
        str | None,
        typer.Option(
            "--stack", metavar="NAME", help="The stack's name. Default: the folder's.", show_default=False
        ),
    ] = None,
    systemd: Annotated[
        bool, typer.Option("--systemd", help="Also write a unit of systemd that runs `extenci reconcile`.")
    ] = False,
) -> int:
    """Begin a repository of specs that works at once on the sandbox.

    Writes example specs with a small disk, samples of services, schemas for editors, and pipelines for GitHub
    and GitLab: validate and plan on a pull request, apply of that plan on merge, a look for drift at night.
    A folder that is a spec root already gets the pipelines, samples and schemas only. What is there is never
    overwritten.

    \b
    Examples:
      extenci init specs
      extenci init . --stack physics-images
      extenci init specs --systemd
    """
    from extenci import api

    made = api.init_repository(folder, stack=stack, systemd=systemd, program=own_program())
    write_result(init_text(made, folder))
    return 0


def own_program() -> list[str]:
    """The words by which this program is started again."""
    named = Path(sys.argv[0])
    if named.name == "extenci" and (found := shutil.which(str(named))):
        return [str(Path(found).absolute())]
    return [sys.executable, "-m", "extenci"]


def init_text(made: NewRepository, folder: Path) -> str:
    """The files that were written and kept, by folder, and the next commands."""
    from extenci.report.text.columns import columns
    from extenci.report.text.safe import safe

    lines = []
    if made.written:
        lines += [f"Stack {safe(made.stack)} in {safe(made.folder)}:", *columns(rows(made.written), "  ")]
    if made.kept:
        lines += ["Left as it is:", *columns(rows(made.kept), "  ")]
    if any(path.startswith("systemd/") for path in (*made.written, *made.kept)):
        lines += ["", "The unit's first lines tell how to start it."]
    lines += ["", "Next:", f"  cd {shlex.quote(str(folder))} && extenci plan", "  extenci help gitops"]
    return "\n".join(lines) + "\n"


def rows(paths: tuple[str, ...]) -> list[tuple[str, str]]:
    """Files or folders with their meanings."""
    shown = dict.fromkeys(next((key for key in MEANINGS if path.startswith(key)), path) for path in paths)
    return [(path, MEANINGS.get(path, "")) for path in shown]
