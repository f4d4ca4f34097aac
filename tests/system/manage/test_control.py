"""`extenci control` as it is typed, on the sandbox."""

from __future__ import annotations

import json

from tests.system.manage.conftest import Place

SPEC = """\
service: sandbox
images:
  worker: {source: worker.raw}
instances:
  pool: {image: worker, type: t3.micro, count: 1}
"""


def machines_of(place: Place) -> dict[str, str]:
    """The states of the stack's machines, by id."""
    stack = (place.specs / "extenci.yaml").read_text().split()[1]
    filters = [{"Name": "tag:extenci:stack", "Values": [stack]}]
    found = place.ec2.describe_instances(Filters=filters)["Reservations"]
    return {each["InstanceId"]: each["State"]["Name"] for one in found for each in one["Instances"]}


def test_a_machine_is_started_listed_and_stopped_and_no_plan_touches_it(place: Place) -> None:
    place.disk("worker")
    (place.specs / "lab.yaml").write_text(SPEC)
    place.done("apply", "-y")
    (pooled,) = machines_of(place)
    assert "No machine was started manually" in place.done("control", "list", "sandbox")

    started = json.loads(
        place.done("control", "start", "sandbox/worker", "sandbox", "t3.micro", "--format", "json")
    )
    (manual,) = set(machines_of(place)) - {pooled}
    assert manual in json.dumps(started)
    assert machines_of(place)[manual] == "running"
    header, line = place.done("control", "list", "sandbox").splitlines()
    assert header.split()[:4] == ["ID", "NAME", "STATE", "TYPE"]
    assert line.split()[:4] == [manual, "worker", "running", "t3.micro"]
    assert place.is_quiet()

    wrong = place.run("control", "stop", pooled, "sandbox", "-y")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "sandbox/pool, and was not started manually" in wrong.stderr
    unasked = place.run("control", "stop", manual, "sandbox")
    assert unasked.returncode == 1
    assert "--auto-approve" in unasked.stderr
    place.done("control", "stop", manual, "sandbox", "-y")
    assert machines_of(place) == {pooled: "running", manual: "terminated"}
    assert "It has ended already" in place.done("control", "stop", manual, "sandbox", "-y")
    assert "No machine was started manually" in place.done("control", "list", "sandbox")

    image = place.ec2.describe_images(Owners=["self"])["Images"][0]["ImageId"]
    place.done("control", "start", image, "sandbox", "t3.micro", "--name", "build")
    assert place.run("destroy", "-y").returncode in {0, 1}
    running = [id_ for id_, state in machines_of(place).items() if state == "running"]
    assert len(running) == 1
    place.done("control", "stop", running[0], "sandbox", "-y")
    place.done("destroy", "-y")
    missing = place.run("control", "start", image, "sandbox")
    assert missing.returncode == 1
    assert "Give TYPE" in missing.stderr
