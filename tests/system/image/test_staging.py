"""Sources in any format and from anywhere, staged on a real sandbox; and those that need not be read."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from extenci import api
from extenci.catalog.home import Home
from extenci.model.errors import SpecError, StalePlan
from extenci.model.outcome import Began, Status
from extenci.model.plan import Plan
from extenci.model.work import StageWork
from extenci.report.plan.json import plan_document, render_json
from extenci.report.plan.markdown.page import render_markdown
from extenci.report.plan.text import render_plan
from tests.program.command import start_extenci
from tests.system.image.disk_files import MIB, age, digest_of, make_raw, make_source, pack
from tests.system.image.web import Site
from tests.system.main_job.conftest import World

SIZE = 64 * MIB


def write(world: World, source: Path | str, pin: bool = False, **more: object) -> None:
    """A spec with one image on `campus`, which is the sandbox by another name."""
    world.cloud  # noqa: B018 - starts the sandbox
    world.write_service("campus")
    lines = {"source": str(source), **more}
    if pin:
        lines["sha256"] = hashlib.sha256(Path(source).read_bytes()).hexdigest()
    world.specs.mkdir(exist_ok=True)
    body = "".join(f"    {key}: {value}\n" for key, value in lines.items())
    (world.specs / "stack.yaml").write_text(f"service: campus\nimages:\n  worker:\n{body}")


def actions(plan: Plan) -> list[str]:
    return [str(change.action) for change in plan.changes]


def staged(world: World) -> Path:
    """The bytes of the one snapshot that there is."""
    (image,) = world.cloud.ec2.images()
    return world.bytes_of(image.snapshots[0])


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    return make_raw(tmp_path / "worker.raw", SIZE)


@pytest.mark.parametrize(
    "kind", ["qcow2", "vmdk for OVF", "vhd", "vhd fixed", "vhdx", "xz", "zst", "gz", "qcow2.xz"]
)
def test_the_snapshot_is_byte_for_byte_the_disk(world: World, disk: Path, kind: str) -> None:
    write(world, make_source(disk, kind))
    assert world.apply().ok
    assert digest_of(staged(world)) == digest_of(disk)
    with staged(world).open("rb") as snapshot:
        assert snapshot.read(SIZE) == disk.read_bytes()
    assert world.plan().is_empty


def test_another_format_of_the_same_disk_changes_nothing(world: World, disk: Path) -> None:
    write(world, disk)
    assert world.apply().ok
    write(world, make_source(disk, "qcow2"))
    assert world.plan().is_empty
    write(world, make_source(disk, "zst"))
    assert world.plan().is_empty


def seconds_to_plan_nothing(world: World) -> float:
    began = time.monotonic()
    assert world.plan().is_empty
    return time.monotonic() - began


def test_an_unchanged_source_is_not_read_again(
    world: World, disk: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(world, make_source(disk, "qcow2"))
    told: list[object] = []
    assert world.apply(listener=told.append).ok
    assert sum("Converting" in str(event) for event in told) == 1
    shutil.rmtree(world.home.cache_folder)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("extenci.image.programs.SEARCHED_TOO", str(tmp_path))
    assert min(seconds_to_plan_nothing(world) for _ in range(5)) < 0.5  # others may be at work here


def test_a_conversion_that_went_between_plan_and_upload_is_made_again(world: World, disk: Path) -> None:
    write(world, make_source(disk, "qcow2"))
    assert world.apply(on_plan=lambda _plan: shutil.rmtree(world.home.cache_folder)).ok
    assert digest_of(staged(world)) == digest_of(disk)


def test_a_source_that_changes_between_plan_and_upload_is_noticed(world: World, disk: Path) -> None:
    source = make_source(disk, "qcow2")
    write(world, source)

    def change(event: object) -> None:
        if isinstance(event, Began):
            make_source(make_raw(disk, SIZE), "qcow2")

    (outcome,) = world.apply(listener=change).outcomes
    assert outcome.status is Status.FAILED
    assert "is no longer the one that was planned" in outcome.message
    assert world.cloud.ec2.snapshots("default") == ()
    assert world.apply().ok
    assert digest_of(staged(world)) == digest_of(disk)


def test_all_that_is_wrong_with_sources_is_told_where_they_are_named(world: World, disk: Path) -> None:
    source = make_source(disk, "qcow2")
    os.truncate(source, source.stat().st_size // 2)
    write(world, age(source))
    with pytest.raises(SpecError) as caught:
        world.plan()
    (problem,) = caught.value.problems
    assert (problem.line, "cannot be read" in problem.message) == (3, True)


# What is pinned and staged needs no file.


def elsewhere(world: World, tmp_path: Path) -> World:
    """Another user's home on another machine, with the same specs and services and nothing else."""
    other = World(tmp_path / "elsewhere", Home(tmp_path / "elsewhere" / "home"))
    shutil.copytree(world.home.services_folder, other.home.services_folder)
    shutil.copytree(world.specs, other.specs)
    return other


@pytest.mark.parametrize("kind", ["", "qcow2"])
def test_a_pinned_image_that_is_staged_needs_no_file(
    world: World, disk: Path, tmp_path: Path, kind: str
) -> None:
    source = make_source(disk, kind) if kind else disk
    write(world, source, pin=True)
    assert world.apply().ok
    source.unlink()
    for one in (world, elsewhere(world, tmp_path)):
        assert one.plan().is_empty
        assert one.apply().ok
    assert not (tmp_path / "elsewhere" / "home" / "cache").exists()


def test_a_pinned_image_that_is_staged_is_not_read_even_where_its_file_is(
    world: World, disk: Path, tmp_path: Path
) -> None:
    source = make_source(disk, "zst")
    write(world, source, pin=True)
    assert world.apply().ok
    source.write_bytes(b"something else by now")
    assert elsewhere(world, tmp_path).plan().is_empty


def test_a_url_is_downloaded_once_to_plan_and_never_where_it_is_staged(
    world: World, disk: Path, site: Site, tmp_path: Path
) -> None:
    content = make_source(disk, "qcow2").read_bytes()
    site.files["/worker.qcow2"] = content
    pin = hashlib.sha256(content).hexdigest()
    write(world, f"{site.url}/worker.qcow2?X-Amz-Signature=hunter2", sha256=pin)
    assert actions(world.plan()) == ["stage"]
    assert world.apply().ok
    assert site.asked == [("/worker.qcow2", "")]
    assert digest_of(staged(world)) == digest_of(disk)
    site.files.clear()
    shutil.rmtree(world.home.cache_folder)
    for one in (world, elsewhere(world, tmp_path)):
        assert one.plan().is_empty
        assert one.apply().ok
    assert len(site.asked) == 1


def test_a_download_that_is_known_is_fetched_again_only_to_upload_it(
    world: World, disk: Path, site: Site
) -> None:
    content = make_source(disk, "zst").read_bytes()
    site.files["/worker"] = content
    write(world, f"{site.url}/worker", sha256=hashlib.sha256(content).hexdigest())
    world.plan()
    shutil.rmtree(world.home.cache_folder)
    assert actions(world.plan()) == ["stage"]
    assert len(site.asked) == 1
    assert world.apply().ok
    assert len(site.asked) == 2


def test_an_object_in_the_services_s3_is_a_source(world: World, disk: Path) -> None:
    content = make_source(disk, "xz").read_bytes()
    bucket = world.cloud.s3.bucket
    world.cloud.unjournalled.s3.put_object(bucket, "images/worker.xz", content)
    write(world, f"s3://{bucket}/images/worker.xz", sha256=hashlib.sha256(content).hexdigest())
    assert world.apply().ok
    assert digest_of(staged(world)) == digest_of(disk)


# Saved plans.


def test_a_saved_plan_applies_where_it_was_made_and_again_after_half_of_it(
    world: World, disk: Path, tmp_path: Path
) -> None:
    write(world, make_source(disk, "qcow2"), pin=True)
    file = world.save(tmp_path)
    options = replace(api.DEFAULTS, approve=lambda _plan: True)
    assert api.apply_saved(file, home=world.home, options=options).ok


def test_a_saved_plan_whose_source_is_elsewhere_says_so(world: World, disk: Path, tmp_path: Path) -> None:
    source = make_source(disk, "qcow2")
    write(world, source, pin=True)
    file = world.save(tmp_path)
    source.unlink()
    with pytest.raises(StalePlan) as caught:
        api.apply_saved(file, home=elsewhere(world, tmp_path).home)
    assert f"The source file {source} is missing" in caught.value.message


def test_a_saved_plan_of_a_source_that_is_not_pinned_says_where_it_should_be(
    world: World, disk: Path, tmp_path: Path
) -> None:
    source = make_source(disk, "qcow2")
    write(world, source)
    file = world.save(tmp_path)
    source.unlink()
    with pytest.raises(SpecError, match=f"The disk {source} does not exist"):
        api.apply_saved(file, home=elsewhere(world, tmp_path).home)


def test_a_plan_shows_no_signature_of_a_url(world: World, disk: Path, site: Site) -> None:
    content = make_source(disk, "zst").read_bytes()
    site.files["/worker"] = content
    write(world, f"{site.url}/worker?sig=hunter2", sha256=hashlib.sha256(content).hexdigest())
    plan = world.plan()
    assert isinstance(plan.changes[0].work, StageWork)
    text = render_plan(plan, width=200)
    assert f"from {site.url}/worker?…" in text
    for one in (text, render_markdown(plan), render_json(plan_document(plan))):
        assert "hunter2" not in one


# At the command line, and afterwards.


def test_ctrl_c_ends_a_plan_that_converts_and_leaves_nothing(world: World, disk: Path) -> None:
    zeros = disk.with_name("zeros")
    zeros.write_bytes(bytes(64 * MIB))
    source = disk.with_name("long.xz")
    source.write_bytes(pack(disk, source, "xz").read_bytes() + pack(zeros, source, "xz").read_bytes() * 32)
    write(world, age(source))
    disks = world.home.cache_folder / "disks"
    process = start_extenci(
        "plan",
        str(world.specs),
        env={**os.environ, "EXTENCI_HOME": str(world.home.path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    while not list(disks.glob("*.partial")):
        assert process.poll() is None
        time.sleep(0.02)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    said = process.communicate()[1]
    assert time.monotonic() - began < 2
    assert process.returncode == 1
    assert f"Converting {source}, compressed with xz …" in said
    assert "Traceback" not in said
    assert list(disks.iterdir()) == []


def test_gc_removes_what_nobody_used_for_a_month(world: World, disk: Path) -> None:
    write(world, make_source(disk, "qcow2"))
    assert world.apply().ok
    (converted,) = (world.home.cache_folder / "disks").iterdir()
    month = 31 * 86_400
    desired = api.load([world.specs], home=world.home)
    assert api.gc(desired, home=world.home).plan.is_empty
    os.utime(converted, (time.time() - month, converted.stat().st_mtime))
    assert api.gc(desired, home=world.home).ok
    assert not converted.exists()
    assert world.plan().is_empty


def test_importing_takes_every_format_too(world: World, disk: Path) -> None:
    write(world, make_source(disk, "qcow2.xz"), method="import")
    world.write_service("campus", bucket=world.cloud.s3.bucket)
    assert world.apply().ok
    assert digest_of(staged(world)) == digest_of(disk)
    assert world.plan().is_empty


def test_bundling_takes_every_format_too_and_needs_no_file_once_it_is_staged(
    world: World, disk: Path
) -> None:
    source = make_source(disk, "zst")
    write(world, source, pin=True, method="bundle")
    spec = world.specs / "stack.yaml"
    spec.write_text(spec.read_text().replace("campus", "sandbox"))  # which has certificates
    assert world.apply().ok
    (image,) = world.cloud.ec2.images()
    assert digest_of(world.bytes_of(image.id)) == digest_of(disk)
    source.unlink()
    assert world.plan().is_empty
    shutil.rmtree(world.home.path / "catalog")
    assert world.plan().is_empty
