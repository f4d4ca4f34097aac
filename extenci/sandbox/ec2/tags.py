"""Tags on EC2's things. Corrects these shortcomings of moto:

- CreateTags accepts instances that do not exist, keys that begin with `aws:` and over-long ones.
- DeleteTags without tags deletes nothing; on AWS it deletes them all.
- TagSpecifications are taken whatever resource type they name.
- Every reading of one thing's tags walks all tags there are.
- DescribeTags shows for ever the tags of volumes, key pairs and all else that was deleted.

AWS: API reference, CreateTags, DeleteTags, Tag; EC2 User Guide, "Tag restrictions".
"""

from __future__ import annotations

from collections.abc import Collection

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError, InvalidAMIIdError, InvalidInstanceIdError, TagLimitExceeded
from moto.ec2.models import EC2Backend, validate_resource_ids
from moto.ec2.responses.tags import TagResponse

from extenci.sandbox.ec2.actions import Actions
from extenci.sandbox.state.tags import TAGS_EACH, checked_tags, no_such_snapshot, own_tags, refuse_reserved


class TagActions(Actions, TagResponse):
    """CreateTags, DeleteTags, DescribeTags."""

    def create_tags(self) -> ActionResult:
        resources = self._existing()
        tags = checked_tags(self._get_param("Tags", []))
        if not tags:
            raise EC2ClientError("MissingParameter", "The request must contain the parameter tagSet")
        self.error_on_dryrun()
        for resource in resources:
            if len(own_tags(self.backend, resource) | tags) > TAGS_EACH:
                raise TagLimitExceeded
        for resource in resources:
            self.backend.tags[resource].update(tags)
        return EmptyResult()

    def delete_tags(self) -> ActionResult:
        resources = self._existing()
        asked = self._get_param("Tags", [])
        for tag in asked:
            refuse_reserved(tag.get("Key", ""))
        self.error_on_dryrun()
        for resource in resources:
            mine = self.backend.tags.get(resource, {})
            for tag in asked or [{"Key": key} for key in own_tags(self.backend, resource)]:
                if mine.get(tag["Key"]) == tag.get("Value", mine.get(tag["Key"])):
                    mine.pop(tag["Key"], None)
        return EmptyResult()

    def describe_tags(self) -> ActionResult:
        there = _resources(self.backend)
        for resource in [*self.backend.tags]:
            if resource not in there.get(resource.partition("-")[0], {resource}):
                del self.backend.tags[resource]
        return super().describe_tags()

    def _existing(self) -> list[str]:
        resources: list[str] = self._get_param("Resources", [])
        known = [resource for resource in resources if not resource.startswith("import-snap-")]
        if known or not resources:
            validate_resource_ids(known)
        for resource in resources:
            self._must_exist(resource)
        return resources

    def _must_exist(self, resource: str) -> None:
        match resource.rpartition("-")[0]:
            case "ami":
                if resource not in self.backend.amis:
                    raise InvalidAMIIdError(resource)
            case "i":
                if self.backend.get_instance_by_id(resource) is None:
                    raise InvalidInstanceIdError(resource)
            case "snap":
                if resource not in self.backend.snapshots:
                    raise no_such_snapshot(resource)
            case "import-snap":
                pass
            case _:
                self.backend.do_resources_exist([resource])


def _resources(backend: EC2Backend) -> dict[str, Collection[str]]:
    """The ids of what there is, by what they begin with, of those kinds whose tags moto leaves behind."""
    return {
        "vol": backend.volumes,
        "snap": backend.snapshots,
        "key": {one.id for one in backend.key_pairs.values()},
        "sg": {one for groups in backend.groups.values() for one in groups},
        "eipalloc": {str(one.allocation_id) for one in backend.addresses},
        "eni": backend.enis,
        "vpc": backend.vpcs,
        "subnet": {one for subnets in backend.subnets.values() for one in subnets},
        "igw": backend.internet_gateways,
    }
