"""The jobs of extenci as functions. The command line is a thin user of them.

    desired = load([Path("specs")])
    planned = plan(desired)
    result = apply(desired)

Everything here raises only kinds of ExtenciError. Nothing is printed, and nobody is asked but through
the functions that are passed in.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from extenci.apply.listeners import unfailing
from extenci.catalog.home import Home
from extenci.model.address import Address, Tagging
from extenci.model.desired import Desired, DesiredImage
from extenci.model.errors import (
    AlreadyApplied,
    CatalogError,
    Declined,
    Interrupted,
    PlanRefused,
    ServiceError,
    StalePlan,
    UsageError,
)
from extenci.model.finding import Finding
from extenci.model.outcome import Listener, Noted, Progress, Result
from extenci.model.plan import Plan, SavedPlan
from extenci.model.service import SANDBOX, KeyFiles, Service
from extenci.model.version import Disk

if TYPE_CHECKING:
    from extenci.apply.recovery import Recovery
    from extenci.catalog.records import Catalog
    from extenci.cloud.clients import Clients
    from extenci.image.bundle.manifest import Manifest
    from extenci.image.sources import Cache
    from extenci.model.observed import Image, Observation
    from extenci.model.record import Records
    from extenci.model.status import StackStatus
    from extenci.model.trials import Ask
    from extenci.observe.disks import Reader
    from extenci.spec.arguments import Staging

Approve = Callable[[Plan], bool]
"""Is shown a plan, and says whether to go on."""


def ignore(_event: Progress) -> None:
    """A listener that does nothing."""


@dataclass(frozen=True)
class Planned:
    """A plan, and what it was made from."""

    desired: Desired
    disks: Mapping[Address, Disk]
    plan: Plan


@dataclass(frozen=True)
class Options:
    """How an apply goes about its work. `lock_timeout` is in seconds; `on_plan` is given the plan before
    anything is done; without `approve` nobody is asked. `ask` asks a person about a test VM (without it, one
    that a person has to judge waits); `evidence` is the folder for what checks find, None: in the home;
    `keep_failed` lets a test VM that failed run, and its image be staged."""

    approve: Approve | None = None
    force: bool = False
    parallelism: int = 10
    lock_timeout: float = 0.0
    command: str = "extenci apply"
    listener: Listener = ignore
    on_plan: Callable[[Plan], None] = lambda _plan: None
    stop: Event | None = None
    ask: Ask | None = None
    evidence: Path | None = None
    keep_failed: bool = False

    def tell(self, text: str) -> None:
        """Tell the listener something worth a line; its failing ends nothing."""
        unfailing(self.listener)(Noted(None, text))


DEFAULTS = Options()


@dataclass(frozen=True)
class ManualStaging:
    """What `stage` came to. `found` is the image that was there already, None where it was to be made."""

    address: Address
    result: Result
    found: Image | None = None

    @property
    def image(self) -> str | None:
        """The image's id on the service; None where it could not be staged."""
        made = (one.made.image for one in self.result.outcomes)
        return self.found.id if self.found else next(filter(None, made), None)


def load(
    paths: Sequence[Path] = (),
    *,
    home: Home | None = None,
    service: str | None = None,
    targets: Sequence[str] = (),
) -> Desired:
    """What the specs at `paths` ask for (SpecError, UsageError). Starts the sandbox if they use it."""
    from extenci.catalog.services.files import service_files
    from extenci.spec.load import load_desired

    home = home or Home.find()
    return load_desired(
        paths,
        catalog_services=service_files(home),
        sandbox=lambda: sandbox_service(home),
        service=service,
        targets=targets,
    )


def validate(paths: Sequence[Path] = (), *, home: Home | None = None) -> Desired:
    """What the specs at `paths` ask for (SpecError, UsageError); starts nothing, asks no service."""
    from extenci.catalog.services.files import service_files
    from extenci.spec.load import load_desired
    from extenci.spec.services.library import SANDBOX_STAND_IN

    files = service_files(home or Home.find())
    return load_desired(paths, catalog_services=files, sandbox=SANDBOX_STAND_IN)


def sandbox_service(home: Home) -> Service:
    """The built-in service, started if it does not run (SandboxError)."""
    from extenci.sandbox.control import bundle_keys, key_files, start
    from extenci.spec.services.library import SANDBOX_STAND_IN

    home.make()
    running = start(home.path)
    access, secret = key_files(home.path)
    return replace(
        SANDBOX_STAND_IN,
        ec2=running.ec2,
        s3=running.s3,
        ebs=running.ebs,
        credentials=KeyFiles(str(access), str(secret)),
        bundle=bundle_keys(home.path),
        simulated=running.machines == "simulated",
        forwards={port: at for port, at in running.forwards.items() if port != at},
    )


def sandbox_machines(home: Home) -> str:
    """What machines of the sandbox are: `qemu` or `simulated`."""
    from extenci.sandbox.control import status

    return status(home.path).machines


def plan(
    desired: Desired,
    *,
    home: Home | None = None,
    destroy: bool = False,
    listener: Listener = ignore,
    stop: Event | None = None,
) -> Planned:
    """What would have to change. Sends only calls that read, and takes no lock."""
    with _desk(desired, home or Home.find(), Options(listener=listener, stop=stop)) as desk:
        return desk.plan(destroy)[0]


def submit_descriptions(planned: Planned, *, home: Home | None = None) -> dict[str, str]:
    """What HTCondor would be told, by the ids of the changes that it launches machines for (PlanError)."""
    from extenci.launch.preview import preview_launches

    folder = (home or Home.find()).jobs_folder
    return preview_launches(planned.plan, planned.desired.services, folder)


def save(planned: Planned, path: Path, *, force: bool = False) -> SavedPlan:
    """Write a plan to a file, to be applied exactly as it is (PlanError)."""
    from extenci.catalog.plan_file.file import write_plan

    disks = {str(address): disk for address, disk in sorted(planned.disks.items())}
    saved = SavedPlan(_new_run(), time.time(), planned.plan, planned.desired, disks, force)
    write_plan(saved, path)
    return saved


def apply(
    desired: Desired, *, home: Home | None = None, destroy: bool = False, options: Options = DEFAULTS
) -> Result:
    """Plan, ask, and carry out. The lock is held while work is done, not while a person is asked.

    Declined, PlanRefused, LockHeld, StalePlan (something changed while the person was asked) and whatever
    planning raises; failures of single changes are in the result.
    """
    home = home or Home.find()
    approved = None
    if options.approve is not None:
        with _at_work(desired, home, options) as desk:
            approved = desk.recover_and_plan(destroy)[0].plan
        _ask(approved, options)
    with _at_work(desired, home, options) as desk:
        planned, look = desk.recover_and_plan(destroy)
        _require_approved(planned.plan, approved, options)
        return desk.carry_out(planned.plan, look, _new_run())


def apply_saved(path: Path, *, home: Home | None = None, options: Options = DEFAULTS) -> Result:
    """Carry out a saved plan exactly, or the rest of it where an earlier run was cut off.

    StalePlan where something changed since, AlreadyApplied where nothing is left, and what `apply` raises.
    """
    from extenci.catalog.plan_file.file import read_plan

    home, saved = home or Home.find(), read_plan(path)
    options = replace(options, force=options.force or saved.force)
    desired = _with_current_services(saved.desired, home)
    approved = None
    if options.approve is not None:
        with _at_work(desired, home, options) as desk:
            approved = desk.remainder(saved, desk.recover_and_plan(saved.plan.destroy)[0])
        _ask(approved, options)
    with _at_work(desired, home, options) as desk:
        planned, look = desk.recover_and_plan(saved.plan.destroy)
        rest = desk.remainder(saved, planned)
        _require_approved(rest, approved, options)
        return desk.carry_out(rest, look, saved.id, is_new=False)


def verify(desired: Desired, *, home: Home | None = None, options: Options = DEFAULTS) -> Result:
    """Try the selected images that have a verify block in test VMs, whatever is known of them, and record the
    verdicts; what is not staged is staged first. Nothing else is changed.

    UsageError where no selected image has a block, and what `apply` raises.
    """
    from extenci.plan.commands.verify import verifications_only

    home = home or Home.find()
    addresses = frozenset(
        spec.address for spec in desired.images if spec.verify and desired.selection.covers(spec.address)
    )
    if not addresses:
        raise UsageError(
            "None of the selected images has a `verify:` block.",
            "Name an image that has one, or say --type TYPE to see whether an image starts at all.",
        )
    with _at_work(desired, home, options) as desk:
        planned, look = desk.recover_and_plan(False, again=addresses)
        return desk.carry_out_part(verifications_only(planned.plan, addresses), look)


def on_type(desired: Desired, type: str) -> Desired:  # noqa: A002
    """Desired whose selected images are tried on another type of machine; those without a verify block, too:
    whether they start."""
    from extenci.model.desired import LaunchSettings
    from extenci.model.verification import Verify

    def changed(spec: DesiredImage) -> DesiredImage:
        if not desired.selection.covers(spec.address):
            return spec
        launch = desired.services[spec.address.service].launch
        if spec.verify is None:
            return replace(spec, verify=Verify(LaunchSettings(type), launch))
        settings = replace(spec.verify.settings, type=type)
        aside = type != spec.verify.settings.type
        return replace(spec, verify=replace(spec.verify, settings=settings, aside=aside))

    return replace(desired, images=tuple(map(changed, desired.images)))


def confirm(
    desired: Desired, address: Address, works: bool, *, home: Home | None = None, options: Options = DEFAULTS
) -> Result:
    """Give a version that waits for a person its verdict, end its test VM, and unstage it where it does not
    work. PlanError where nothing of the address waits, and what `apply` raises."""
    from extenci.plan.commands.verify import plan_confirm

    home = home or Home.find()
    with _at_work(desired, home, options) as desk:
        look = desk.look()
        made = plan_confirm(desired, look.observation, look.records, time.time(), address, works)
        return desk.carry_out_part(made, look)


def desired_for_test_vm(
    file: Path,
    service: str,
    type: str,  # noqa: A002
    *,
    stack: str | None = None,
    home: Home | None = None,
) -> Desired:
    """What `try_image` needs, made from its arguments: no spec is read. The stack is `stack`, that of an
    extenci.yaml here, or `default` where all is on this machine (UsageError, SpecError)."""
    from extenci.catalog.services.files import service_files
    from extenci.spec.arguments import image_to_test

    home = home or Home.find()
    desired = image_to_test(file, service, type, stack, Path.cwd(), service_files(home))
    return _with_sandbox(desired, home)


def try_image(desired: Desired, *, home: Home | None = None, options: Options = DEFAULTS) -> Result:
    """Stage the one image of `desired_for_test_vm`, run a test VM from it, and ask `options.ask` whether it
    works; the test VM is ended, and where the answer is no the image is unstaged. What is staged is marked
    `manual`, so that no plan touches it.

    UsageError where nobody can be asked, PlanError where a plan has staged the same image already, and what
    `apply` raises.
    """
    from extenci.observe.verify_hashes import hash_verify_blocks
    from extenci.plan.commands.trial import plan_test_vm

    if options.ask is None:
        raise UsageError("Nobody can be asked whether the test VM works.", "Nothing was done.")
    home = home or Home.find()
    with _at_work(desired, home, options) as desk:
        disks = desk.known_disks()
        look = desk.recover()
        verify_hashes = hash_verify_blocks(desired.images)
        made = plan_test_vm(desired, disks, look.observation, look.records, time.time(), verify_hashes)
        return desk.carry_out_part(made, look)


def desired_for_staging(
    file: str,
    service: str,
    how: Staging | None = None,
    *,
    stack: str | None = None,
    home: Home | None = None,
) -> Desired:
    """What `stage` needs, made from its arguments: no spec is read. `file` is a path or a URL; the stack as
    in `desired_for_test_vm` (UsageError, SpecError)."""
    from extenci.catalog.services.files import service_files
    from extenci.spec import arguments as imperative

    home = home or Home.find()
    how = how or imperative.Staging()
    desired = imperative.image_to_stage(file, service, how, stack, Path.cwd(), service_files(home))
    return _with_sandbox(desired, home)


def stage(desired: Desired, *, home: Home | None = None, options: Options = DEFAULTS) -> ManualStaging:
    """Stage the one image of `desired_for_staging`, unless that was done before. It is marked `manual`, so
    that no plan touches it.

    PlanError where the specs have staged the same image already, and what `apply` raises; a failure of the
    staging itself is in the result.
    """
    from extenci.plan.commands.stage import as_seen_manually, find_staged, plan_stage

    home = home or Home.find()
    (spec,) = desired.images
    with _at_work(desired, home, options) as desk:
        disks = desk.known_disks()
        look = desk.recover()
        known = replace(look.records, resources=())
        seen = Look(known, as_seen_manually(desired, look.observation, look.records))
        if desk.read_pinned(disks, seen):
            look = desk.look()
        made = plan_stage(desired, disks, look.observation, look.records, time.time())
        found = None
        if made.is_empty:
            found = find_staged(desired, disks, look.observation, look.records)
        return ManualStaging(spec.address, desk.carry_out_part(made, look), found)


def unstage(
    desired: Desired, service: str, image: str, *, home: Home | None = None, options: Options = DEFAULTS
) -> Result:
    """Remove an image that was staged by hand, named by its id or name, and what was uploaded for it where
    nothing else uses that. `specs` are of `stack_on`.

    PlanError where it is no such image or machines run from it, and what `apply` raises.
    """
    from extenci.plan.commands.stage import plan_unstage

    home = home or Home.find()

    def made_at(desk: Desk) -> tuple[Plan, Look]:
        look = desk.recover()
        return plan_unstage(desired, service, image, look.observation, look.records, time.time()), look

    approved = None
    if options.approve is not None:
        with _at_work(desired, home, options) as desk:
            approved = made_at(desk)[0]
        _ask(approved, options)
    with _at_work(desired, home, options) as desk:
        made, look = made_at(desk)
        _require_approved(made, approved, options)
        return desk.carry_out_part(made, look)


def stack_on(service: str, *, stack: str | None = None, home: Home | None = None) -> Desired:
    """What `gc` needs where there are no specs; the stack as in `desired_for_test_vm`.

    UsageError, SpecError."""
    from extenci.catalog.services.files import service_files
    from extenci.spec import arguments as imperative

    home = home or Home.find()
    return _with_sandbox(imperative.stack_on(service, stack, Path.cwd(), service_files(home)), home)


def _with_sandbox(desired: Desired, home: Home) -> Desired:
    if SANDBOX not in desired.services:
        return desired
    return replace(desired, services={**desired.services, SANDBOX: sandbox_service(home)})


def unbundle(
    manifest: str,
    output: Path,
    *,
    service: str | None = None,
    certificate: str | None = None,
    private_key: str | None = None,
    home: Home | None = None,
    options: Options = DEFAULTS,
) -> Manifest:
    """Make the disk of an EC2 bundle again, sparse, at `output`, which must not exist; what its manifest
    says.

    `manifest` is a path, or `s3://BUCKET/KEY` on a service; the parts lie beside it. The keys are those of
    the service's `bundle:` unless paths are given. UsageError, SpecError; DiskError where anything is not
    what it should be, AccessRefused where the keys do not fit, ServiceError; Interrupted: there is no file
    then.
    """
    from extenci.cloud.clients import Clients
    from extenci.stage.bundle.unbundle import Request, open_bundle

    found = _service_named(service, home or Home.find()) if service is not None else None
    keys = found.bundle if found else None
    certificate = certificate or (keys.certificate if keys else None)
    private_key = private_key or (keys.private_key if keys else None)
    if certificate is None or private_key is None:
        raise UsageError(
            "Nobody said whose bundle it is.",
            "Name a service with `bundle:` in its file, or the user's certificate and private key.",
        )
    request = Request(manifest, output, certificate, private_key)
    if found is None:
        return open_bundle(request, stop=options.stop)
    clients = Clients(found)
    try:
        return open_bundle(request, clients.s3, stop=options.stop)
    finally:
        clients.close()


def _service_named(name: str, home: Home) -> Service:
    from extenci.catalog.services.files import service_files
    from extenci.spec.arguments import find_service
    from extenci.spec.root import find_root

    found = find_service(name, find_root(Path.cwd()), service_files(home))
    return sandbox_service(home) if found.name == SANDBOX else found


def gc(desired: Desired, *, home: Home | None = None, options: Options = DEFAULTS) -> Result:
    """Find what interrupted runs left (test VMs, snapshots that became no image, key pairs, files), ask, and
    remove it. Declined, LockHeld, and whatever reading services raises."""
    home = home or Home.find()
    approved = None
    if options.approve is not None:
        with _at_work(desired, home, options) as desk:
            approved = desk.sweep()[0]
        _ask(approved, options)
    with _at_work(desired, home, options) as desk:
        made, look = desk.sweep()
        if approved is not None:
            agreed = tuple(change for change in made.changes if change in approved.changes)
            made = replace(made, changes=agreed)
        return desk.carry_out_part(made, look)


def status(desired: Desired, *, home: Home | None = None) -> StackStatus:
    """Desired, recorded and live, side by side."""
    from extenci.plan.commands.status import make_status

    with _desk(desired, home or Home.find(), Options()) as desk:
        look = desk.look()
        found = make_status(desired, desk.known_disks(), look.observation, look.records)
    if SANDBOX not in desired.services:
        return found
    return replace(found, sandbox_machines=sandbox_machines(home or Home.find()))


def doctor(
    paths: Sequence[Path] = (), *, home: Home | None = None, service: str | None = None
) -> tuple[Finding, ...]:
    """What is missing on this machine and for each service of the specs, or of the user where there are no
    specs. What cannot be looked at is a finding, too; only UsageError is raised."""
    from extenci.observe.doctor.diagnosis import diagnose

    return diagnose(paths, home or Home.find(), service, sandbox_service)


@dataclass(frozen=True)
class Look:
    """What was read at one moment."""

    records: Records
    observation: Observation


@dataclass(frozen=True)
class Desk:
    """One stack's catalog and the clients of the services that the selection is about."""

    desired: Desired
    home: Home
    catalog: Catalog
    clients: Mapping[str, Clients]
    options: Options

    def look(self) -> Look:
        """Read the records, then the services."""
        from extenci.observe.observe import observe
        from extenci.plan.inputs import queued_services

        records = self.catalog.records(self.desired.stack)
        queues = queued_services(self.desired, records)
        stack, stop = self.desired.stack, self.options.stop
        return Look(records, observe(self.clients, stack, records, queues=queues, stop=stop))

    def known_disks(self) -> dict[Address, Disk]:
        """The disks that the selection is about, as far as they are known before the services are asked: what
        is pinned is not read, since what is staged of it may tell enough."""
        from extenci.observe.disks import desired_images, known_disks, read_disks

        images = desired_images(self.desired)
        unpinned = read_disks((spec for spec in images if spec.sha256 is None), self._reader())
        return {**known_disks(images, self.catalog.digests), **unpinned}

    def read_pinned(self, disks: dict[Address, Disk], look: Look) -> bool:
        """Add the disks of pinned images that have to be read, or downloaded; whether there were any."""
        from extenci.observe.disks import read_disks
        from extenci.plan.images.unread import images_to_read

        images = images_to_read(self.desired, disks, look.observation, look.records)
        read = read_disks(images, self._reader())
        disks.update(read)
        return bool(read)

    def _reader(self) -> Reader:
        from extenci.observe.disks import Reader

        catalog, stop = self.catalog, self.options.stop
        return Reader(catalog.digests, catalog.block_lists, self._cache, tell=self.options.tell, stop=stop)

    def _cache(self, service: str) -> Cache:
        from extenci.cloud.download.downloads import Downloads
        from extenci.image.sources import Cache

        options, fetch = self.options, Downloads(self.clients[service])
        return Cache(self.home.cache_folder, fetch, options.tell, options.stop or Event())

    def plan(self, destroy: bool, again: frozenset[Address] = frozenset()) -> tuple[Planned, Look]:
        """Plan from what is there now; `again` are images that are tried whatever is known of them."""
        from extenci.observe.verify_hashes import hash_verify_blocks
        from extenci.plan.planner import make_plan

        disks = {} if destroy else self.known_disks()
        look = self.look()
        if not destroy and self.read_pinned(disks, look):
            look = self.look()  # reading may have taken long
        made = make_plan(
            self.desired,
            disks,
            look.observation,
            look.records,
            now=time.time(),
            destroy=destroy,
            verify_hashes=hash_verify_blocks(self.desired.images),
            again=again,
        )
        return Planned(self.desired, disks, made), look

    def recover_and_plan(
        self, destroy: bool, again: frozenset[Address] = frozenset()
    ) -> tuple[Planned, Look]:
        """Find out what became of the calls of runs that died, and plan. The lock must be held."""
        recovery = self._recovery()
        recovery.finish_staging(time.time())
        self._require_records()
        planned, look = self.plan(destroy, again)
        recovery.close(look.observation)
        recovery.delete_key_pairs(look.observation, self.home.keys_folder)
        return planned, look

    def recover(self) -> Look:
        """Find out what became of the calls of runs that died, and what there is. The lock must be held."""
        recovery = self._recovery()
        recovery.finish_staging(time.time())
        self._require_records()
        look = self.look()
        recovery.close(look.observation)
        recovery.delete_key_pairs(look.observation, self.home.keys_folder)
        return look

    def sweep(self) -> tuple[Plan, Look]:
        """Plan an end to what interrupted runs left. The lock must be held."""
        from extenci.apply.leftovers import read_leftovers
        from extenci.plan.commands.gc import plan_sweep
        from extenci.plan.inputs import queued_services

        recovery = self._recovery()
        recovery.finish_staging(time.time())
        recovery.claim()
        look = self.look()
        recovery.close(look.observation)
        queues = queued_services(self.desired, look.records)
        left = read_leftovers(self.desired, self.clients, self.catalog.journal, self.home, queues)
        return plan_sweep(self.desired, look.observation, look.records, time.time(), left), look

    def _recovery(self) -> Recovery:
        from extenci.apply.recovery import Recovery

        return Recovery(self.desired.stack, self.clients, self.catalog.journal, self.options.tell)

    def _require_records(self) -> None:
        """Where nothing is tagged, these records alone tell what is owned: with none of them, all that was
        made from another home would be made again."""
        known = self.catalog.services_with_records(self.desired.stack)
        for name, clients in self.clients.items():
            if clients.service.tags is not Tagging.NONE or name in known:
                continue
            if not self.catalog.is_initialised(name):
                raise CatalogError(
                    f"The service {name} has no tags, so only the records here tell what is owned there, and "
                    f"there are none of the stack {self.desired.stack}.",
                    f"If nothing was made there yet, say `extenci catalog init {name}`; otherwise apply "
                    "where the records are. Nothing was done.",
                )

    def remainder(self, saved: SavedPlan, planned: Planned) -> Plan:
        """What is left to do of a saved plan, as it would be done now."""
        from extenci.observe.disks import changed_disks
        from extenci.plan.staleness.compare import AlreadyApplied as NothingLeft
        from extenci.plan.staleness.compare import Fresh, Stale, compare_plans

        before = {Address.parse(text): disk for text, disk in saved.disks.items()}
        changed = changed_disks(self.desired, before, planned.disks)
        if changed:
            raise _stale(tuple(f"{address}: the disk's content changed" for address in changed))
        journal = self.catalog.journal
        begun, done = journal.halfway_changes(saved.id), journal.done_changes(saved.id)
        match compare_plans(saved.plan, planned.plan, begun, done):
            case NothingLeft():
                raise AlreadyApplied(
                    "This plan was already applied: nothing of it is left to do.",
                    "Make a new one with `extenci plan --out FILE` when the specs change.",
                )
            case Stale(differences=differences):
                raise _stale(differences)
            case Fresh():
                return _with_waiver(planned.plan, saved)
            case rest:
                return _with_waiver(rest.plan, saved)

    def carry_out_part(self, plan: Plan, look: Look) -> Result:
        """Do a plan that is not about all that is desired, so that it fulfils no spec."""
        return self.carry_out(plan, look, _new_run(), is_whole=False)

    def carry_out(
        self, plan: Plan, look: Look, run: str, *, is_new: bool = True, is_whole: bool = True
    ) -> Result:
        """Do a plan that was approved, and bring the records up to date. `is_new`: no run of this id can
        have made anything yet; `is_whole`: it is about all that the selected specs ask for."""
        from extenci.apply.context import RunContext
        from extenci.apply.run import carry_out

        options = self.options
        if options.approve is None:
            options.on_plan(plan)
        stop = options.stop or Event()
        stack = self.desired.stack
        run_context = RunContext(
            run,
            stack,
            self.clients,
            self.catalog,
            options.listener,
            stop,
            is_new=is_new,
            folder=self.home.jobs_folder,
            keys=self.home.keys_folder,
            evidence=options.evidence or self.home.evidence_folder,
            ask=options.ask,
            keep_failed=options.keep_failed,
            cache=self.home.cache_folder,
        )
        desired = self.desired if is_whole else None
        result = carry_out(
            plan, desired, run_context, parallelism=options.parallelism, command=options.command
        )
        return self._reconcile(result, look if not plan.changes else None)

    def _reconcile(self, result: Result, look: Look | None) -> Result:
        """The work is done and journalled, so its result is told, whatever the records' check runs into:
        the next command will look again."""
        from extenci.apply.records import reconcile

        try:
            look = look or self.look()
            reconcile(self.catalog, self.desired.stack, look.records, look.observation)
        except Interrupted:
            self.options.tell("The records are compared with the services by the next command.")
        except ServiceError as error:
            self.options.tell(f"The records could not be checked: {error.message}")
        except CatalogError as error:
            return replace(result, unrecorded=result.unrecorded or error.message)
        return result


@contextmanager
def _desk(desired: Desired, home: Home, options: Options) -> Iterator[Desk]:
    from extenci.catalog.records import Catalog
    from extenci.cloud.clients import Clients

    clients = {name: Clients(desired.services[name]) for name in desired.touched_services()}
    try:
        with Catalog.open(home) as catalog:
            yield Desk(desired, home, catalog, clients, options)
    finally:
        for client in clients.values():
            client.close()


@contextmanager
def _at_work(desired: Desired, home: Home, options: Options) -> Iterator[Desk]:
    """A desk while the lock is held."""
    with _locked(home, options), _desk(desired, home, options) as desk:
        yield desk


@contextmanager
def _locked(home: Home, options: Options) -> Iterator[None]:
    from extenci.catalog.lock import hold

    def on_wait(text: str) -> None:
        options.tell(text)

    def sleep(seconds: float) -> None:
        if (options.stop or Event()).wait(seconds):
            raise Interrupted("Waiting for the lock was interrupted. Nothing was done.")

    with hold(home, options.command, options.lock_timeout, sleep=sleep, on_wait=on_wait):
        yield


def _ask(made: Plan, options: Options) -> None:
    options.on_plan(made)
    _check_limits(made, options)
    if made.changes and options.approve is not None and not options.approve(made):
        raise Declined("Nothing was done.")


def _require_approved(made: Plan, approved: Plan | None, options: Options) -> None:
    """What is to be done under the lock must be what was agreed to, and within the limits, which may have
    been reached meanwhile."""
    if approved is not None:
        _require_same(approved, made)
    elif made.refusals and not options.force:
        options.on_plan(made)
    _check_limits(made, options)


def _check_limits(made: Plan, options: Options) -> None:
    if made.refusals and not options.force:
        raise PlanRefused(" ".join(made.refusals), "Nothing was done. If it is meant, say --force.")


def _with_waiver(made: Plan, saved: SavedPlan) -> Plan:
    """A plan that says so where it goes past limits because it was saved with --force."""
    if not (saved.force and made.refusals):
        return made
    return replace(made, warnings=(*made.warnings, "It was saved with --force: the limits are passed."))


def _require_same(approved: Plan, now: Plan) -> None:
    from extenci.plan.staleness.compare import Stale, compare_plans

    if not approved.changes and not now.changes:
        return
    standing = compare_plans(approved, now, frozenset(), frozenset())
    if isinstance(standing, Stale):
        raise _stale(standing.differences)


def _stale(differences: Sequence[str]) -> StalePlan:
    lines = "".join(f"\n  {line}" for line in differences)
    return StalePlan(
        f"The plan is stale: something changed since it was made.{lines}",
        "Nothing was done. Make a new plan and look at it.",
    )


def _with_current_services(desired: Desired, home: Home) -> Desired:
    """The services of a saved plan as they are described here now: its file alone must not say where
    requests that are signed with this user's keys go. The sandbox may have other ports by now."""
    from extenci.catalog.services.files import service_files
    from extenci.spec.services.file import read_service

    files, current = service_files(home), {}
    for name, saved in desired.services.items():
        if name == SANDBOX:
            current[name] = sandbox_service(home)
            continue
        current[name] = read_service(files.get(name, Path(desired.root) / "services" / f"{name}.yaml"), name)
        if replace(current[name], file="") != replace(saved, file=""):
            raise _stale((f"{name}: the service is described differently now",))
    return replace(desired, services=current)


def _new_run() -> str:
    return uuid.uuid4().hex
