"""Finding out abilities by calls that only read, and change nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from extenci.cloud.aws.calls import ebs_call, ec2_call
from extenci.cloud.aws.error_codes import is_unknown_action
from extenci.cloud.aws.imports import Imports
from extenci.cloud.aws.requests.optional_parts import may_not_know
from extenci.cloud.aws.s3 import S3
from extenci.cloud.aws.session import ServiceSession
from extenci.model.abilities import Ability, Source
from extenci.model.errors import NotFound, ServiceError
from extenci.model.ownership import STACK

NO_SNAPSHOT = "snap-00000000000000000"
NO_MACHINE = "i-00000000000000000"
"""Ids that nothing has: whether a service has an action shows in how it refuses them."""


class Probes:
    """Asks one service. Any thread may use it."""

    def __init__(self, session: ServiceSession) -> None:
        self._session = session
        self._imports = Imports(session)
        self._s3 = S3(session)
        self._probes: Mapping[Ability, Callable[[], bool | None]] = {
            Ability.CREATE_TAGS: self._create_tags,
            Ability.EBS_DIRECT: self._ebs_direct,
            Ability.IMPORT_SNAPSHOT: self._import_snapshot,
            Ability.CONSOLE: self._console,
            Ability.KEY_PAIRS: self._key_pairs,
            Ability.LIST_UPLOADS: self._list_uploads,
        }

    def find_out(self, abilities: Iterable[Ability]) -> None:
        """Ask for those of the abilities of which nothing is known and that such a call can show. A service
        that does not answer, or refuses for another reason, teaches nothing. ServiceError never."""
        for ability in abilities:
            probe = self._probes.get(ability)
            if probe is None or not self._session.abilities.is_open(ability):
                continue
            try:
                has = probe()
            except ServiceError as error:
                has = False if is_unknown_action(error.code) else None
                said = f"{error.call}: {error.code or 'no answer of this API'}"
            else:
                said = "it answered a call that only reads"
            if has is not None:
                self._session.abilities.learn(ability, has, said, source=Source.PROBED)

    def _create_tags(self) -> bool | None:
        """A service that lists tags need not take any."""
        with ec2_call(self._session, "DescribeTags", attempts=1) as ec2:
            ec2.describe_tags(Filters=[{"Name": "key", "Values": [STACK]}])
        return None

    def _ebs_direct(self) -> bool | None:
        """EBS's own errors have the names of exceptions (EBS direct APIs, "Common errors")."""
        try:
            with ebs_call(self._session, "ListSnapshotBlocks", attempts=1) as ebs:
                ebs.list_snapshot_blocks(SnapshotId=NO_SNAPSHOT)
        except ServiceError as error:
            if error.code.endswith("Exception") and not is_unknown_action(error.code):
                return True if may_not_know(error) or isinstance(error, NotFound) else None
            raise
        return None

    def _import_snapshot(self) -> bool | None:
        self._imports.tasks()
        return self._unless_refused(Ability.IMPORT_SNAPSHOT)

    def _console(self) -> bool | None:
        try:
            with ec2_call(self._session, "GetConsoleOutput", attempts=1) as ec2:
                ec2.get_console_output(InstanceId=NO_MACHINE)
        except NotFound:
            return True
        except ServiceError as error:
            if error.code.startswith("InvalidInstanceID"):
                return True
            raise
        return None

    def _key_pairs(self) -> bool | None:
        with ec2_call(self._session, "DescribeKeyPairs", attempts=1) as ec2:
            ec2.describe_key_pairs()
        return True

    def _list_uploads(self) -> bool | None:
        bucket = self._session.service.bucket
        if bucket is None:
            return None
        self._s3.multipart_uploads(bucket, "extenci/")
        return self._unless_refused(Ability.LIST_UPLOADS)

    def _unless_refused(self, ability: Ability) -> bool | None:
        """True, unless the call itself learned what it showed."""
        return True if self._session.abilities.is_open(ability) else None
