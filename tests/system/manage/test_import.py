"""`extenci import` as it is typed, on a real sandbox."""

from __future__ import annotations

import json

from tests.system.manage.conftest import Place

SPEC = """\
# The machines of the lab.
service: sandbox   # here
instances:
  # kept for Ann
  other: {image: ami-12345678, type: t3.micro, count: 0}
"""


def strip_tags(place: Place, *ids: str) -> None:
    """Make resources look like those of somebody who has never heard of extenci."""
    place.ec2.delete_tags(Resources=list(ids))


def snapshot_of(place: Place, image: str) -> str:
    (found,) = place.ec2.describe_images(ImageIds=[image])["Images"]
    return str(found["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"])


def test_an_image_that_stage_made_is_managed_from_then_on(place: Place) -> None:
    disk = place.disk("worker")
    image = place.done("stage", disk, "sandbox", "--name", "by-hand", "--size", "3").strip()
    file = place.specs / "lab.yaml"
    file.write_text(SPEC)
    done = place.run("import", "sandbox/worker", image, "--source", disk, "--write", file)
    assert done.returncode == 0, done.stderr
    text = file.read_text()
    assert "# The machines of the lab." in text
    assert "# kept for Ann" in text
    assert "source: worker.raw" in text
    assert "size: 3" in text
    assert place.is_quiet(), place.run("plan").stdout
    again = place.run("import", "sandbox/worker", image)
    assert again.returncode == 0, again.stderr
    assert "before" in again.stderr
    (entry,) = json.loads(place.done("status", "--format", "json"))["images"]
    assert (entry["address"], entry["id"]) == ("sandbox/worker", image)
    destroyed = place.run("destroy", "-y")
    assert destroyed.returncode == 0, destroyed.stderr
    assert place.ec2.describe_images(Owners=["self"], ImageIds=[])["Images"] == [] or image not in {
        one["ImageId"] for one in place.ec2.describe_images(Owners=["self"])["Images"]
    }


def test_the_entry_is_printed_and_makes_the_next_plan_empty(place: Place) -> None:
    disk = place.disk("worker")
    image = place.done("stage", disk, "sandbox").strip()
    done = place.run("import", "sandbox/worker", image, "--source", disk)
    assert done.returncode == 0, done.stderr
    (place.specs / "printed.yaml").write_text(done.stdout)
    assert place.is_quiet(), place.run("plan").stdout


def test_the_content_of_a_foreign_image_is_compared_with_the_disk(place: Place) -> None:
    disk, other = place.disk("worker"), place.disk("other")
    image = place.done("stage", disk, "sandbox").strip()
    snapshot = snapshot_of(place, image)
    strip_tags(place, image, snapshot)
    wrong = place.run("import", "sandbox/worker", image, "--source", other)
    assert wrong.returncode == 1
    assert "was not made from" in wrong.stderr
    assert place.ec2.describe_images(ImageIds=[image])["Images"][0].get("Tags", []) == []
    file = place.specs / "new.yaml"
    done = place.run("import", "sandbox/worker", image, "--source", disk, "--write", file)
    assert done.returncode == 0, done.stderr
    assert place.is_quiet(), place.run("plan").stdout
    tags = {
        one["Key"] for one in place.ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["Tags"]
    }
    assert "extenci:digest" in tags


def test_machines_of_a_foreign_launch_become_a_group(place: Place) -> None:
    image = place.done("stage", place.disk("base"), "sandbox").strip()
    machines = place.launch(image, 2, TagSpecifications=[
        {"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "physics"}]}
    ])  # fmt: skip
    file = place.specs / "pool.yaml"
    done = place.run("import", "sandbox/pool", *machines, "--write", file, "--format", "json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["written"], document["result"]["ok"]) == (str(file), True)
    assert "count: 2" in file.read_text()
    assert "team: physics" in file.read_text()
    assert place.is_quiet(), place.run("plan").stdout
    # The group is extenci's now: it can be scaled.
    file.write_text(file.read_text().replace("count: 2", "count: 1"))
    assert place.run("apply", "-y").returncode == 0
    assert place.is_quiet()
    assert place.run("destroy", "-y").returncode == 0


def test_machines_join_a_group_that_the_specs_have(place: Place) -> None:
    image = place.done("stage", place.disk("base"), "sandbox").strip()
    spec = place.specs / "pool.yaml"
    spec.write_text(f"service: sandbox\ninstances:\n  pool: {{image: {image}, type: t3.small, count: 2}}\n")
    first, second = place.launch(image, 2)
    refused = place.run("import", "sandbox/pool", first, second)
    assert refused.returncode == 1
    assert "would replace 2" in refused.stderr
    spec.write_text(spec.read_text().replace("t3.small", "t3.micro").replace("count: 2", "count: 1"))
    refused = place.run("import", "sandbox/pool", first, second)
    assert "would terminate 1" in refused.stderr
    done = place.run("import", "sandbox/pool", first)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert place.is_quiet(), place.run("plan").stdout


def test_user_data_is_neither_lost_nor_shown(place: Place) -> None:
    image = place.done("stage", place.disk("base"), "sandbox").strip()
    machines = place.launch(image, UserData="#!/bin/sh\necho secret-word\n")
    done = place.run("import", "sandbox/pool", *machines, "--write", "pool.yaml")
    assert done.returncode == 0, done.stderr
    assert "user data" in done.stderr
    assert "secret-word" not in done.stdout + done.stderr + (place.specs / "pool.yaml").read_text()
    assert place.is_quiet()
    with (place.specs / "pool.yaml").open("a") as file:
        file.write("    user_data: |\n      #!/bin/sh\n      echo secret-word\n")
    assert place.is_quiet(), place.run("plan").stdout


def test_what_is_somebody_elses_or_not_there_is_refused(place: Place) -> None:
    disk = place.disk("worker")
    image = place.done("stage", disk, "sandbox", "--stack", "strangers").strip()
    refusals = {
        ("sandbox/worker", image, "--source", str(disk)): "belongs to the stack strangers",
        ("sandbox/worker", "ami-00000000", "--source", str(disk)): "There is no ami-00000000",
        ("sandbox/pool", "i-00000000"): "There is no i-00000000",
        ("sandbox/worker", image): "--source FILE",
        ("sandbox/worker", image, "i-00000000"): "one kind at a time",
        ("nowhere/worker", image, "--source", str(disk)): "no service",
    }
    for words, message in refusals.items():
        done = place.run("import", *words)
        assert done.returncode == 1
        assert message in done.stderr, done.stderr
        assert done.stdout == ""


def test_what_is_of_another_kind_or_protected_is_refused(place: Place) -> None:
    disk = place.disk("worker")
    image = place.done("stage", disk, "sandbox").strip()
    spec = place.specs / "lab.yaml"
    spec.write_text("service: sandbox\nimages:\n  worker: {source: worker.raw}\n")
    (machine,) = place.launch(image)
    refused = place.run("import", "sandbox/worker", machine)
    assert "is an image of the specs" in refused.stderr
    place.ec2.create_tags(Resources=[image], Tags=[{"Key": "extenci:protect", "Value": "true"}])
    refused = place.run("import", "sandbox/worker", image)
    assert refused.returncode == 1
    assert "is protected" in refused.stderr
    spec.write_text("service: sandbox\nimages:\n  worker: {source: worker.raw, protect: true}\n")
    done = place.run("import", "sandbox/worker", image)
    assert done.returncode == 0, done.stderr
    assert place.is_quiet(), place.run("plan").stdout
