"""Launch templates and their versions, and RunInstances by them. In moto, version 0 is the last, and machines
do not say by which template they were launched.

AWS: EC2 API reference, LaunchTemplateSpecification; User Guide, "Tag restrictions".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidLaunchTemplateIdNotFound,
    InvalidLaunchTemplateVersionNotFound,
)
from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion

from extenci.sandbox.state.cloud import Cloud

TEMPLATE_TAG = "aws:ec2launchtemplate:id"
VERSION_TAG = "aws:ec2launchtemplate:version"


class SandboxTemplate(LaunchTemplate):
    """A launch template whose versions keep their numbers when others are deleted."""

    made = 0
    """The versions made so far."""

    def create_version(self, data: dict[str, Any], description: str) -> LaunchTemplateVersion:
        self.made += 1
        version = LaunchTemplateVersion(self, self.made, data, description)
        self.versions.append(version)
        return version

    def get_version(self, num: object) -> LaunchTemplateVersion:
        named = {"$latest": self.versions[-1].number, "$default": self.default_version_number}
        number = str(named.get(str(num).lower(), num))
        for version in self.versions:
            if str(version.number) == number:
                return version
        raise InvalidLaunchTemplateVersionNotFound(template_id=self.id, version=str(num))

    def default_version(self) -> LaunchTemplateVersion:
        return self.get_version("$Default")


def find_template(cloud: Cloud, id_: str | None, name: str | None) -> LaunchTemplate:
    """The launch template by its id or by its name. EC2ClientError where neither or both are given, or there
    is none."""
    if (id_ is None) == (name is None):
        raise EC2ClientError(
            "MissingParameter", "Specify either a launch template id or a launch template name."
        )
    if name is not None:
        return cloud.backend.get_launch_template_by_name(name)
    if id_ not in cloud.backend.launch_templates:
        raise InvalidLaunchTemplateIdNotFound(str(id_))
    return cloud.backend.launch_templates[str(id_)]


def with_template(cloud: Cloud, asked: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, str]]:
    """RunInstances' parameters with those of the launch template that they name, which come second; and the
    tags that say on a machine which one it was. EC2ClientError where there is no such template or version."""
    named = asked.get("LaunchTemplate")
    if not named:
        return asked, {}
    template = find_template(cloud, named.get("LaunchTemplateId"), named.get("LaunchTemplateName"))
    version = template.get_version(named.get("Version") or "$Default")
    tags = [*version.data.get("TagSpecifications", []), *asked.get("TagSpecifications", [])]
    own = {name: value for name, value in asked.items() if name != "LaunchTemplate"}
    whole = {**version.data, **own, **({"TagSpecifications": tags} if tags else {})}
    return whole, {TEMPLATE_TAG: template.id, VERSION_TAG: str(version.number)}
