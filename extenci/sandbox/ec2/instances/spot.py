"""Spot requests, as HTCondor makes them for `ec2_spot_price`. Corrects these shortcomings of moto:

- RequestSpotInstances launches unknown images and drops zone, block devices, profile and client token.
- A spot request and its machine do not know each other.

Every request is fulfilled at once, whatever it bids. AWS: API reference, RequestSpotInstances.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.spot_requests import SpotInstanceRequest
from moto.ec2.utils import random_spot_request_id

from extenci.sandbox.ec2.instances.instances import InstanceActions
from extenci.sandbox.ec2.instances.launch import RunInstancesOrder, read_order
from extenci.sandbox.ec2.instances.lifecycle import SandboxInstance


class SpotRequest(SpotInstanceRequest):
    """A spot request, fulfilled by `machine`."""

    def __init__(self, asked: Mapping[str, Any], order: RunInstancesOrder, machine: SandboxInstance) -> None:
        self._machine = machine
        super().__init__(
            machine.cloud.backend,
            random_spot_request_id(),
            price=str(asked.get("SpotPrice", "")),
            image_id=order.image.id,
            spot_instance_type=asked.get("Type", "one-time"),
            valid_from=asked.get("ValidFrom"),
            valid_until=asked.get("ValidUntil"),
            launch_group=asked.get("LaunchGroup"),
            availability_zone_group=asked.get("AvailabilityZoneGroup"),
            key_name=order.key_name or "",
            security_groups=[group.id for group in order.groups],
            user_data=order.user_data,
            instance_type=order.type,
            placement=order.zone,
            kernel_id=None,
            ramdisk_id=None,
            monitoring_enabled=order.monitoring,
            subnet_id=order.subnet or "",
            tags={"spot-instances-request": order.tags["spot-instances-request"]},
            spot_fleet_id=None,
            instance_interruption_behaviour=asked.get("InstanceInterruptionBehavior"),
        )
        machine.spot_instance_request_id = self.id

    def launch_instance(self) -> SandboxInstance:
        return self._machine


class SpotActions(InstanceActions):
    """RequestSpotInstances. (Describing and cancelling are moto's own.)"""

    def request_spot_instances(self) -> ActionResult:
        asked = self.params
        count = asked.get("InstanceCount", 1)
        reservation = self.once(lambda: self._order(asked, count))
        known = self.backend.spot_instance_requests
        mine = {one.id for one in reservation.instances}
        made = [request for request in known.values() if request.instance.id in mine]
        return ActionResult({"SpotInstanceRequests": made or self._requests(asked, reservation.instances)})

    def _order(self, asked: Mapping[str, Any], count: int) -> RunInstancesOrder:
        specification = dict(asked.get("LaunchSpecification", {}))
        specification |= {
            "MinCount": count,
            "MaxCount": count,
            "ClientToken": asked.get("ClientToken"),
            "InstanceMarketOptions": {"MarketType": "spot"},
            "TagSpecifications": asked.get("TagSpecifications", []),
        }
        return read_order(self.cloud, specification)

    def _requests(self, asked: Mapping[str, Any], machines: list[Any]) -> list[SpotRequest]:
        order = self._order(asked, len(machines))
        requests = [SpotRequest(asked, order, machine) for machine in machines]
        self.backend.spot_instance_requests.update({request.id: request for request in requests})
        return requests
