"""Terraform and its AWS provider, where they are on this machine: neither is fetched.

`EXTENCI_TERRAFORM_MIRROR` names a folder with the provider, laid out as `terraform providers mirror FOLDER`
and plugin caches do. Else it is looked for where Terraform itself looks: in the mirror or the plugin cache of
its configuration file, and in its folders for plugins ("Implied Local Mirror Directories" of its manual).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MIRROR = "EXTENCI_TERRAFORM_MIRROR"
PROVIDER = Path("registry.terraform.io/hashicorp/aws")
_ADVICE = (
    f"in the folder {Path(__file__).parent} run `terraform providers mirror FOLDER`, and set {MIRROR}=FOLDER."
)
_FOLDER = re.compile(r'^\s*(?:path|plugin_cache_dir)\s*=\s*"([^"]+)"', re.MULTILINE)


class TerraformMissing(Exception):
    """There is no Terraform, or it has no AWS provider here; the text says how to get them."""


@dataclass(frozen=True)
class Terraform:
    """The program, and the folder that has its provider."""

    program: Path
    mirror: Path

    @property
    def configuration(self) -> str:
        """A configuration file by which providers come from the mirror and from nowhere else."""
        return f'provider_installation {{\n  filesystem_mirror {{\n    path = "{self.mirror}"\n  }}\n}}\n'


def find_terraform() -> Terraform:
    """Raises TerraformMissing."""
    program = shutil.which("terraform")
    if program is None:
        raise TerraformMissing(f"There is no terraform on PATH. Install it, then {_ADVICE}")
    for folder in _folders():
        if (folder / PROVIDER).is_dir():
            return Terraform(Path(program), folder.resolve())
    raise TerraformMissing(f"Terraform has no AWS provider on this machine: {_ADVICE}")


def _folders() -> Iterator[Path]:
    for variable in (MIRROR, "TF_PLUGIN_CACHE_DIR"):
        if named := os.environ.get(variable):
            yield Path(named)
    home = Path.home()
    configuration = Path(os.environ.get("TF_CLI_CONFIG_FILE") or home / ".terraformrc")
    if configuration.is_file():
        for named in _FOLDER.findall(configuration.read_text("utf-8", "replace")):
            yield Path(os.path.expandvars(named)).expanduser()
    yield home / ".terraform.d" / "plugins"
    data = os.environ.get("XDG_DATA_HOME") or str(home / ".local" / "share")
    shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    for folder in (data, *shared.split(":")):
        yield Path(folder) / "terraform" / "plugins"
