"""EC2's actions on launch templates. Corrects these shortcomings of moto:

- CreateLaunchTemplate puts the template's own tags into its data, and Describe shows for ever the tags that
  it was made with.
- CreateLaunchTemplateVersion ignores SourceVersion; DeleteLaunchTemplateVersions is missing.
- DescribeLaunchTemplates passes over ids that do not exist.

AWS: EC2 API reference, CreateLaunchTemplate, CreateLaunchTemplateVersion, DeleteLaunchTemplateVersions,
DescribeLaunchTemplates, DescribeLaunchTemplateVersions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidLaunchTemplateNameAlreadyExistsError,
    MissingParameterError,
)
from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion

from extenci.sandbox.ec2.actions import Actions
from extenci.sandbox.ec2.filters import Readers, attributes, chosen
from extenci.sandbox.ec2.instances.templates import SandboxTemplate, find_template
from extenci.sandbox.ec2.pages import page, page_size
from extenci.sandbox.state.cloud import ACCOUNT
from extenci.sandbox.state.tags import tags_at_creation, tags_of

_NAME = re.compile(r"[A-Za-z0-9().\-/_]{3,128}")
_TAGGED = ("instance", "volume", "network-interface", "spot-instances-request", "elastic-gpu")
_CREATOR = f"arn:aws:iam::{ACCOUNT}:user/sandbox"
_MOST_VERSIONS = 200
"""On one page of DescribeLaunchTemplateVersions."""


class LaunchTemplateActions(Actions):
    """CreateLaunchTemplate and the six others on launch templates and their versions."""

    def create_launch_template(self) -> ActionResult:
        name = self._get_param("LaunchTemplateName") or ""
        if not _NAME.fullmatch(name):
            raise EC2ClientError(
                "InvalidLaunchTemplateName.MalformedException",
                "A launch template name must be between 3 and 128 characters, and may contain letters, "
                "numbers, and the following characters: - ( ) . / _",
            )
        if name in self.backend.launch_template_name_to_ids:
            raise InvalidLaunchTemplateNameAlreadyExistsError
        tags = tags_at_creation(self.tag_specifications(), ["launch-template"])
        data = self._template_data()
        self.error_on_dryrun()
        description = self._get_param("VersionDescription", "")
        template = SandboxTemplate(  # type: ignore[abstract]  # by name only
            self.backend, name, data, description, tags
        )
        self.backend.launch_templates[template.id] = template
        self.backend.launch_template_name_to_ids[name] = template.id
        return ActionResult({"LaunchTemplate": self._shown(template)})

    def create_launch_template_version(self) -> ActionResult:
        template = self._named()
        source = self._get_param("SourceVersion")
        data = {**(template.get_version(source).data if source else {}), **self._template_data()}
        self.error_on_dryrun()
        version = template.create_version(data, self._get_param("VersionDescription", ""))
        return ActionResult({"LaunchTemplateVersion": _shown_version(version)})

    def modify_launch_template(self) -> ActionResult:
        template = self._named()
        version = template.get_version(self._get_param("DefaultVersion") or "$Default")
        self.error_on_dryrun()
        template.default_version_number = version.number
        return ActionResult({"LaunchTemplate": self._shown(template)})

    def delete_launch_template(self) -> ActionResult:
        template = self._named()
        self.error_on_dryrun()
        shown = self._shown(template)
        del self.backend.launch_templates[template.id]
        del self.backend.launch_template_name_to_ids[template.name]
        self.backend.tags.pop(template.id, None)
        return ActionResult({"LaunchTemplate": shown})

    def delete_launch_template_versions(self) -> ActionResult:
        template = self._named()
        self.error_on_dryrun()
        gone: list[dict[str, Any]] = []
        kept: list[dict[str, Any]] = []
        for number in self._get_param("Versions", []):
            about = {
                "LaunchTemplateId": template.id,
                "LaunchTemplateName": template.name,
                "VersionNumber": int(number),
            }
            found = [one for one in template.versions if str(one.number) == str(number)]
            if found and not template.is_default(found[0]):
                template.versions.remove(found[0])
                gone.append(about)
            else:
                code = "unexpectedError" if found else "launchTemplateVersionDoesNotExist"
                message = "It is the default version." if found else "There is no such version."
                kept.append({**about, "ResponseError": {"Code": code, "Message": message}})
        return ActionResult(
            {
                "SuccessfullyDeletedLaunchTemplateVersions": gone,
                "UnsuccessfullyDeletedLaunchTemplateVersions": kept,
            }
        )

    def describe_launch_templates(self) -> ActionResult:
        ids, names = self._get_param("LaunchTemplateIds", []), self._get_param("LaunchTemplateNames", [])
        asked = [find_template(self.cloud, one, None) for one in ids]
        asked += [find_template(self.cloud, None, one) for one in names]
        templates = asked if ids or names else list(self.backend.launch_templates.values())
        found = chosen(templates, self.filters, _FILTERS, lambda one: tags_of(self.backend, one.id))
        shown, following = page(
            found,
            page_size(self._get_param("MaxResults"), 1),
            self._get_param("NextToken"),
            lambda one: one.id,
        )
        return ActionResult({"LaunchTemplates": [self._shown(one) for one in shown], "NextToken": following})

    def describe_launch_template_versions(self) -> ActionResult:
        wanted = self._get_param("Versions", [])
        if self._get_param("LaunchTemplateId") or self._get_param("LaunchTemplateName"):
            templates = [self._named()]
        elif set(wanted) and set(wanted) <= {"$Latest", "$Default"}:
            templates = list(self.backend.launch_templates.values())
        else:
            raise EC2ClientError(
                "MissingParameter",
                "Specify a launch template, or $Latest, $Default or both for the versions of all of them.",
            )
        least, most = int(self._get_param("MinVersion") or 1), int(self._get_param("MaxVersion") or 1 << 31)
        versions = [
            one
            for template in templates
            for one in ([template.get_version(each) for each in wanted] or template.versions)
            if least <= one.number <= most
        ]
        found = chosen(versions, self.filters, _VERSION_FILTERS, lambda _: {})
        size = page_size(self._get_param("MaxResults") or _MOST_VERSIONS, 1, _MOST_VERSIONS)
        shown, following = page(found, size, self._get_param("NextToken"), _version_key)
        return ActionResult(
            {"LaunchTemplateVersions": [_shown_version(one) for one in shown], "NextToken": following}
        )

    def _named(self) -> LaunchTemplate:
        return find_template(
            self.cloud, self._get_param("LaunchTemplateId"), self._get_param("LaunchTemplateName")
        )

    def _template_data(self) -> dict[str, Any]:
        data: dict[str, Any] = dict(self._get_param("LaunchTemplateData", {}))
        if not data:
            raise MissingParameterError("LaunchTemplateData")
        specifications: Sequence[Mapping[str, Any]] = data.get("TagSpecifications", [])
        tags_at_creation(specifications, _TAGGED)
        if specifications:
            data["TagSpecifications"] = [{"Tags": [], **one} for one in specifications]
        return data

    def _shown(self, template: LaunchTemplate) -> dict[str, Any]:
        tags = tags_of(self.backend, template.id)
        return {
            "LaunchTemplateId": template.id,
            "LaunchTemplateName": template.name,
            "CreateTime": template.create_time,
            "CreatedBy": _CREATOR,
            "DefaultVersionNumber": template.default_version_number,
            "LatestVersionNumber": template.latest_version_number,
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }


def _shown_version(version: LaunchTemplateVersion) -> dict[str, Any]:
    return {
        "LaunchTemplateId": version.template.id,
        "LaunchTemplateName": version.template.name,
        "VersionNumber": version.number,
        "VersionDescription": version.description or None,
        "CreateTime": version.create_time,
        "CreatedBy": _CREATOR,
        "DefaultVersion": version.template.is_default(version),
        "LaunchTemplateData": version.data,
    }


def _version_key(version: LaunchTemplateVersion) -> str:
    return f"{version.template.id} {version.number}"


_FILTERS: Readers[LaunchTemplate] = {
    **attributes({"launch-template-name": "name"}),
    "create-time": lambda one: [one.create_time.strftime("%Y-%m-%dT%H:%M:%S.000Z")],
}


def _of_data(key: str) -> Callable[[LaunchTemplateVersion], list[object]]:
    return lambda one: [one.data.get(key)]


_VERSION_FILTERS: Readers[LaunchTemplateVersion] = {
    "image-id": _of_data("ImageId"),
    "instance-type": _of_data("InstanceType"),
    "kernel-id": _of_data("KernelId"),
    "ram-disk-id": _of_data("RamDiskId"),
    "ebs-optimized": _of_data("EbsOptimized"),
    "is-default-version": lambda one: [one.template.is_default(one)],
    "create-time": lambda one: [one.create_time.strftime("%Y-%m-%dT%H:%M:%S.000Z")],
}
