"""`extenci trust`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from extenci.cli.terminal import write_result
from extenci.model.errors import UsageError


def trust(
    service: Annotated[
        str | None,
        typer.Argument(metavar="[SERVICE]", help="A service of a spec repository.", show_default=False),
    ] = None,
    root: Annotated[
        Path | None,
        typer.Argument(
            metavar="[ROOT]", help="The folder of its specs. Default: the current one.", show_default=False
        ),
    ] = None,
    sources: Annotated[
        Path | None,
        typer.Option(
            "--sources",
            metavar="FOLDER",
            help="Let images be made from disks in this folder.",
            show_default=False,
        ),
    ] = None,
    hooks: Annotated[
        Path | None,
        typer.Option(
            "--hooks",
            metavar="ROOT",
            help="Let the hooks of these specs, as they are now, be told results.",
            show_default=False,
        ),
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(
            "--keys",
            metavar="PATH",
            help="Let checks log in with this private key, or any in this folder.",
            show_default=False,
        ),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="Show what is trusted.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Trust it no longer.")] = False,
) -> int:
    """Let specs that others wrote use your credentials or disks.

    The service files of a spec repository (services/NAME.yaml) say where requests go, and by which
    credentials. They may use what the AWS SDK finds at AWS's own endpoints, and the repository's own key
    files on this machine. Everything else is asked for once in a terminal, or allowed here; where endpoints
    or credentials change, it must be allowed again. Service files of `extenci catalog` are yours, and need
    no trust.

    Disks of images, and private keys that checks log in with, come from the specs' own folder, or from where
    you allow it here. The hooks of a repository (`hooks:` in its extenci.yaml) run only where you allow them,
    and a program that changed must be allowed again.

    Where nobody can be asked, as in a pipeline, give --trust WORDS to the command, or set EXTENCI_TRUST. The
    words are endpoints (https://HOST:PORT, aws, condor:POOL), credentials (profile:NAME, file:PATH,
    schedd-file:PATH; the SDK's own need none), sources:FOLDER, keys:PATH and hook:WORD. The refusal says
    which are needed.

    \b
    Examples:
      extenci trust campus specs
      extenci trust --sources /srv/images
      extenci trust --keys ~/.ssh/lab
      extenci trust --hooks specs
      extenci trust --list
      extenci trust campus --remove
      extenci plan specs --trust "https://cloud.example.edu profile:campus"
    """
    named = [one for one in (service, sources, keys, hooks) if one is not None]
    if len(named) > 1 or (remove and not named):
        raise UsageError(
            "There is not one thing to trust.",
            "Name a service, or give --sources FOLDER, --keys PATH or --hooks ROOT.",
        )
    if service is not None:
        write_result(forbid_service(service) if remove else allow_service(service, root))
    elif sources is not None:
        write_result(forbid_sources(sources) if remove else allow_sources(sources))
    elif keys is not None:
        write_result(forbid_keys(keys) if remove else allow_keys(keys))
    elif hooks is not None:
        write_result(forbid_hooks(hooks) if remove else allow_hooks(hooks))
    if list_ or not named:
        show_settings()
    return 0


def show_settings() -> None:
    """Print what is trusted."""
    from extenci import api
    from extenci.report.catalog.trust import render_settings

    write_result(render_settings(api.settings()))


def allow_service(name: str, root: Path | None) -> str:
    """Trust a service, and say what it may do now."""
    from extenci import api
    from extenci.report.catalog.trust import request_text

    return request_text(api.trust_service(name, root=root), "may use") + "\n"


def forbid_service(name: str) -> str:
    """Trust a service no longer."""
    from extenci import api

    if not api.distrust_service(name):
        raise UsageError(f"The service {name} is not trusted.", "`extenci trust --list` shows what is.")
    return f"What {name} was allowed is taken back.\n"


def allow_sources(folder: Path) -> str:
    """Trust a folder of disks."""
    from extenci import api

    return f"Images may be made from disks in {api.trust_sources(folder)}.\n"


def forbid_sources(folder: Path) -> str:
    """Trust a folder of disks no longer."""
    from extenci import api

    if not api.distrust_sources(folder):
        raise UsageError(f"{folder} is not trusted.", "`extenci trust --list` shows what is.")
    return f"Images may no longer be made from disks in {folder}, unless they are their specs' own.\n"


def allow_hooks(root: Path) -> str:
    """Let the hooks of a spec root be told results, and say which those are."""
    from extenci import api
    from extenci.report.catalog.trust import hook_text

    return "".join(f"{hook_text(one, 'may be told')}\n" for one in api.trust_hooks(root))


def forbid_hooks(root: Path) -> str:
    """Let the hooks of a spec root be told nothing any more."""
    from extenci import api

    if not api.distrust_hooks(root):
        raise UsageError(f"No hook of {root} is allowed.", "`extenci trust --list` shows which are.")
    return f"The hooks of {root} are told nothing any more.\n"


def allow_keys(path: Path) -> str:
    """Trust a private key, or a folder of them."""
    from extenci import api

    return f"Checks may log in with {api.trust_keys(path)}.\n"


def forbid_keys(path: Path) -> str:
    """Trust a private key, or a folder of them, no longer."""
    from extenci import api

    if not api.distrust_keys(path):
        raise UsageError(f"{path} is not trusted.", "`extenci trust --list` shows what is.")
    return f"Checks may no longer log in with {path}, unless it is their specs' own.\n"
