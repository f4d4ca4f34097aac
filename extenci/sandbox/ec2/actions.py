"""The ground that the corrected EC2 actions stand on: moto's response class, tied to one sandbox.

A subclass's public methods answer the EC2 action of the same name (`run_instances` → RunInstances);
where it has none, moto's own answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.responses._base_response import EC2BaseResponse

from extenci.sandbox.state.cloud import Cloud


class Actions(EC2BaseResponse):
    """Moto's EC2 response with a sandbox's `cloud`, which `Ec2Actions` sets."""

    cloud: Cloud

    @property
    def backend(self) -> EC2Backend:
        return self.cloud.backend

    @property
    def filters(self) -> dict[str, Sequence[str]]:
        return dict(self._filters_from_querystring())

    def tag_specifications(self) -> Sequence[dict[str, Any]]:
        found: Sequence[dict[str, Any]] = self._get_param("TagSpecifications", [])
        return found
