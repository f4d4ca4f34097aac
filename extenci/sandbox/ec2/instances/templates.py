"""Launch templates of RunInstances: their data, under what the call itself says (EC2 API reference,
LaunchTemplateSpecification)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.ec2.exceptions import EC2ClientError

from extenci.sandbox.state.cloud import Cloud


def with_template(cloud: Cloud, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """RunInstances' parameters with those of the launch template that they name. EC2ClientError where there
    is no such template or version."""
    named = asked.get("LaunchTemplate")
    if not named:
        return asked
    data = _data(cloud, named)
    tags = [*data.get("TagSpecifications", []), *asked.get("TagSpecifications", [])]
    own = {name: value for name, value in asked.items() if name != "LaunchTemplate"}
    return {**data, **own, **({"TagSpecifications": tags} if tags else {})}


def _data(cloud: Cloud, named: Mapping[str, Any]) -> Mapping[str, Any]:
    id_, name = named.get("LaunchTemplateId"), named.get("LaunchTemplateName")
    if (id_ is None) == (name is None):
        raise EC2ClientError(
            "MissingParameter", "Specify either a launch template id or a launch template name."
        )
    backend = cloud.backend
    template = (
        backend.get_launch_template(str(id_)) if id_ else backend.get_launch_template_by_name(str(name))
    )
    return dict(template.get_version(named.get("Version") or "$Default").data)
