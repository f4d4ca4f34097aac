"""The pages of the reference that are made from the program, and the texts around what is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from extenci.model.abilities import GROUPS, Ability
from extenci.spec import format as spec_format
from extenci.spec.root import RootFile
from extenci.spec.services import format as service_format
from extenci.spec.settings.file import GrantEntry, HookEntry, SettingsFile
from extenci.spec.settings.hooks import HookSpec
from extenci.verify.checks import KINDS
from extenci.verify.form import CheckForm, LoginForm
from tests.reference.commands import all_commands, describe_command
from tests.reference.keys import EXAMPLES, Form, Section, base_forms, describe_keys, read_examples

FOLDER = Path(__file__).resolve().parents[2] / "extenci" / "docs" / "reference"
HEADS = Path(__file__).parent / "heads"

MADE = "<!-- made by `python -m tests.reference`; change what it is made from -->\n"

FILES: Mapping[str, Form] = {
    "spec.yaml": spec_format.SpecFile,
    "service.yaml": service_format.ServiceFile,
    "profile.yaml": service_format.ServiceFile,
    "root.yaml": RootFile,
    "settings.yaml": SettingsFile,
}
"""The complete examples: every key occurs in them, and each is valid."""

SPEC_SECTIONS = (
    Section("The file", spec_format.SpecFile),
    Section("An image", spec_format.ImageSpec),
    Section("A group of machines", spec_format.InstancesSpec),
    Section("Updates", spec_format.UpdateSpec),
    Section("Launch keys", spec_format.LaunchKeys),
    Section("The root volume", spec_format.VolumeSpec),
    Section("Verification", spec_format.VerifySpec),
    Section("Keys of every check", CheckForm),
    Section("Keys of checks that log in", LoginForm),
    *(Section(f"Check {kind.name}", kind.form) for kind in KINDS),
)
SERVICE_SECTIONS = (
    Section("The file", service_format.ServiceFile),
    Section("Credentials", service_format.CredentialsSpec),
    Section("Keys of bundles", service_format.BundleSpec),
    Section("HTCondor", service_format.CondorSpec),
    Section("Key files on the schedd's machine", service_format.CondorCredentialsSpec),
    Section("Limits", service_format.LimitsSpec),
)
ROOT_SECTIONS = (Section("The file", RootFile), Section("Hooks", HookSpec))
SETTINGS_SECTIONS = (
    Section("The file", SettingsFile),
    Section("Trust", GrantEntry),
    Section("Allowed hooks", HookEntry),
)


def head_of(page: str) -> str:
    """The text above what is made."""
    return (HEADS / f"{page}.md").read_text("utf-8")


def links_of(page: str, here: str) -> dict[Form, str]:
    """Links to the sections of a page, from the page `here`."""
    sections = {
        "spec": SPEC_SECTIONS,
        "service": SERVICE_SECTIONS,
        "root": ROOT_SECTIONS,
        "settings": SETTINGS_SECTIONS,
    }[page]
    file = "" if page == here else f"{page}.md"
    return {
        one.form: f"[{one.title[0].lower() + one.title[1:] if not one.title.startswith('HT') else one.title}]"
        f"({file}#{one.anchor})"
        for one in sections
        if one.title != "The file"
    }


def make_keys(here: str, sections: tuple[Section, ...], *files: str) -> str:
    """The page `here`, of keys."""
    examples = read_examples(FILES)
    links = {
        form: text
        for page in ("spec", "service", "root", "settings")
        for form, text in links_of(page, here).items()
    }
    parts = [head_of(here), MADE]
    for section in sections:
        parts.append(f"## {section.title}\n")
        parts.append(f"{' '.join((section.form.__doc__ or '').split())}\n")
        parts.append(describe_keys(section.form, links, examples))
        bases = [links[base] for base in base_forms(section.form)]
        if bases:
            parts.append(f"And the {' and the '.join(bases)}.\n")
    parts.append("## All keys in use\n")
    parts += [f"```yaml\n{(EXAMPLES / name).read_text('utf-8')}```\n" for name in files]
    return "\n".join(parts)


def make_service() -> str:
    """The page on service files, with the abilities."""
    keys = make_keys("service", SERVICE_SECTIONS, "service.yaml", "profile.yaml")
    rows = [f"| `{one}` | {one.meaning} |" for one in Ability]
    groups = [
        f"| `{name}` | {', '.join(f'`{one}`' for one in members)} |" for name, members in GROUPS.items()
    ]
    head = [
        "## Abilities\n",
        "How they are known is told in [clouds](../clouds.md).\n",
        "| ability | means |",
    ]
    return "\n".join(
        [keys, *head, "|---|---|", *rows, "", "| group | stands for |", "|---|---|", *groups, ""]
    )


def make_commands() -> str:
    """The page on commands."""
    return "\n".join(
        [head_of("commands"), MADE, *(describe_command(name, one) for name, one in all_commands())]
    )


PAGES: Mapping[Path, Callable[[], str]] = {
    FOLDER / "spec.md": lambda: make_keys("spec", SPEC_SECTIONS, "spec.yaml"),
    FOLDER / "service.md": make_service,
    FOLDER / "root.md": lambda: make_keys("root", ROOT_SECTIONS, "root.yaml"),
    FOLDER / "settings.md": lambda: make_keys("settings", SETTINGS_SECTIONS, "settings.yaml"),
    FOLDER / "commands.md": make_commands,
}
