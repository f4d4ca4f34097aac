"""Tags on EC2's things. Corrects these shortcomings of moto:

- CreateTags accepts instances that do not exist, keys that begin with `aws:` and over-long ones.
- DeleteTags without tags deletes nothing; on AWS it deletes them all.
- TagSpecifications are taken whatever resource type they name.
- Every reading of one thing's tags walks all tags there are.

AWS: API reference, CreateTags, DeleteTags, Tag; EC2 User Guide, "Tag restrictions".
"""

from __future__ import annotations

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError, InvalidAMIIdError, InvalidInstanceIdError, TagLimitExceeded
from moto.ec2.models import validate_resource_ids

from extenci.sandbox.ec2.actions import Actions
from extenci.sandbox.state.tags import TAGS_EACH, checked_tags, no_such_snapshot, tags_of


class TagActions(Actions):
    """CreateTags and DeleteTags."""

    def create_tags(self) -> ActionResult:
        resources = self._existing()
        tags = checked_tags(self._get_param("Tags", []))
        if not tags:
            raise EC2ClientError("MissingParameter", "The request must contain the parameter tagSet")
        self.error_on_dryrun()
        for resource in resources:
            if len(tags_of(self.backend, resource) | tags) > TAGS_EACH:
                raise TagLimitExceeded
        for resource in resources:
            self.backend.tags[resource].update(tags)
        return EmptyResult()

    def delete_tags(self) -> ActionResult:
        resources = self._existing()
        asked = self._get_param("Tags", [])
        self.error_on_dryrun()
        for resource in resources:
            mine = self.backend.tags.get(resource, {})
            for tag in asked or [{"Key": key} for key in mine.copy()]:
                if mine.get(tag["Key"]) == tag.get("Value", mine.get(tag["Key"])):
                    mine.pop(tag["Key"], None)
        return EmptyResult()

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
