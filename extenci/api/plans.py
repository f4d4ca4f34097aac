"""Make plans, and save them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from extenci.api.disks import known_disks, read_pinned_disks
from extenci.api.options import Options, ignore
from extenci.api.session import Observed, Session, open_session
from extenci.apply.verification.prerequisites import warn_of_prerequisites
from extenci.catalog.home import Home
from extenci.catalog.plan_file.file import looks_like_plan, write_plan
from extenci.launch.preview import preview_launches
from extenci.model.address import Address
from extenci.model.desired import Desired
from extenci.model.outcome import Listener
from extenci.model.plan import Explanation, Plan, SavedPlan
from extenci.model.version import Disk
from extenci.model.work import StageWork
from extenci.observe.checkout import read_checkout
from extenci.observe.uploads import count_uploads
from extenci.observe.verify_hashes import hash_verify_blocks
from extenci.plan.abilities import refused_services
from extenci.plan.explanation import explain as explain_address
from extenci.plan.planner import make_plan
from extenci.plan.selection import require_matches
from extenci.plan.staleness.portable import portable_desired, portable_plan


@dataclass(frozen=True)
class Planned:
    """A plan, and what it was made from."""

    desired: Desired
    disks: Mapping[Address, Disk]
    plan: Plan


def plan(
    desired: Desired,
    *,
    home: Home | None = None,
    destroy: bool = False,
    listener: Listener = ignore,
    stop: Event | None = None,
) -> Planned:
    """Plan the changes that would make the services what the specs say, or with `destroy` remove all that is
    owned. Only calls that read are sent, and no lock is taken. UsageError where the selection names what is
    nowhere."""
    with open_session(desired, home or Home.find(), Options(listener=listener, stop=stop)) as session:
        planned, observed = make_planned(session, destroy=destroy)
        require_matches(desired, observed.observation, observed.records)
        return replace(planned, plan=warn_of_prerequisites(planned.plan))


def explain(
    desired: Desired,
    address: Address,
    *,
    home: Home | None = None,
    destroy: bool = False,
    listener: Listener = ignore,
    stop: Event | None = None,
) -> Explanation:
    """Why the plan of these specs does to an address what it does (UsageError where nothing has it)."""
    with open_session(desired, home or Home.find(), Options(listener=listener, stop=stop)) as session:
        planned, observed = make_planned(session, destroy=destroy)
        return explain_address(address, desired, observed.observation, observed.records, planned.plan)


def submit_descriptions(planned: Planned, *, home: Home | None = None) -> dict[str, str]:
    """The submit descriptions that HTCondor would be given, by the ids of the changes that launch machines
    through it (PlanError)."""
    folder = (home or Home.find()).jobs_folder
    return preview_launches(planned.plan, planned.desired.services, folder)


def save(planned: Planned, path: Path, *, force: bool = False) -> SavedPlan:
    """Write a plan to a file, to be applied exactly as it is (PlanError), here or in another checkout of the
    same specs. `force` waives the services' limits."""
    root = planned.desired.root
    lasting = replace(planned.plan, awaited=())  # what is being launched now is not when it is applied
    saved = SavedPlan(
        id=uuid.uuid4().hex,
        made=time.time(),
        plan=portable_plan(lasting, root),
        desired=portable_desired(planned.desired),
        disks={str(address): disk for address, disk in sorted(planned.disks.items())},
        force=force,
        made_in=read_checkout(Path(root), Path.cwd()),
    )
    write_plan(saved, path)
    return saved


def is_plan_file(path: Path) -> bool:
    """Whether a path is that of a saved plan, judged by its first bytes."""
    return looks_like_plan(path)


def make_planned(
    session: Session, *, destroy: bool = False, again: frozenset[Address] = frozenset()
) -> tuple[Planned, Observed]:
    """Observe and plan. `again` are the images to verify whatever is known of them. Services that lack an
    ability which their changes need, or the bucket, are left out of the plan, like those that cannot be read;
    PlanError or ServiceError where no other is left."""
    disks = {} if destroy else known_disks(session)
    observed = session.observe()
    if not destroy and read_pinned_disks(session, disks, observed):
        observed = session.observe()  # reading may have taken long
    now, hashes = session.clock(), hash_verify_blocks(session.desired.images)

    def plan_observed() -> Plan:
        return make_plan(
            session.desired,
            disks,
            observed.observation,
            observed.records,
            now=now,
            destroy=destroy,
            verify_hashes=hashes,
            again=again,
        )

    made = plan_observed()
    for service, error in refused_services(made, session.desired.services, observed.observation).items():
        session.failures.note(service, error)
    for service in uploading_services(made) & set(session.failures.working()):
        with session.failures.noting(service):
            session.clients[service].s3.require_bucket()
    if len(session.failures.unread) > len(observed.observation.unread):
        observed = replace(observed, observation=observed.observation.without(session.failures.unread))
        made = plan_observed()
    made = count_uploads(made, session.catalog.block_lists, session.catalog.upload_notes)
    return Planned(session.desired, disks, made), observed


def uploading_services(plan: Plan) -> set[str]:
    """The services whose buckets a plan uploads disks to."""
    return {
        change.address.service
        for change in plan.changes
        if isinstance(change.work, StageWork) and change.work.version.registration.method.needs_bucket
    }
