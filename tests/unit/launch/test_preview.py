"""What `plan --submit` shows."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

from extenci.launch.preview import preview_launches
from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.desired import DesiredGroup, ImageId, LaunchSettings, Origin
from extenci.model.launch import Launch
from extenci.model.observed import MachineHandle
from extenci.model.plan import Change, Plan
from extenci.model.service import KeyFiles, Service
from extenci.model.work import ImageToLaunch, LaunchWork, ReplaceWork

POOL = Address("campus", "pool")
SERVICE = Service(
    "campus", "us-east-1", ec2="https://ec2.example.edu", credentials=KeyFiles("/k/id", "/k/secret")
)
GROUP = DesiredGroup(
    POOL, Origin("a.yaml", 1, 1), ImageId("ami-1"), 3, LaunchSettings("t3.micro"), Launch.CONDOR
)
FOLDER = Path("/home/me/.extenci/jobs")


def plan_of(work: LaunchWork | ReplaceWork, action: Action = Action.LAUNCH, count: int = 3) -> Plan:
    change = Change(f"{action} {POOL}", POOL, Kind.INSTANCES, action, count, "new", work)
    return Plan("physics", ("campus",), (change,))


def test_a_launch_is_shown_as_a_file_that_condor_submit_takes() -> None:
    plan = plan_of(LaunchWork(GROUP, ImageToLaunch("ami-1"), 3, {"extenci:stack": "physics"}))
    text = preview_launches(plan, {"campus": SERVICE}, FOLDER)["launch campus/pool"]
    assert "grid_resource = ec2 https://ec2.example.edu/\n" in text
    assert "ec2_ami_id = ami-1\n" in text
    assert 'My.ExtenciStack = "physics"\n' in text
    assert text.endswith("\nqueue 3\n")


def test_an_image_that_is_still_to_be_staged_and_a_batch_are_said_so() -> None:
    handles = (MachineHandle(None, "1.0"), MachineHandle(None, "1.1"), MachineHandle("i-1"))
    work = ReplaceWork(GROUP, ImageToLaunch(None, "stage campus/worker"), handles, 2, True, {})
    text = preview_launches(plan_of(work, Action.REPLACE), {"campus": SERVICE}, FOLDER)["replace campus/pool"]
    assert "ec2_ami_id = (made by stage campus/worker)\n" in text
    assert text.endswith("\nqueue 2\n")


def test_user_data_is_a_path_and_nothing_is_written() -> None:
    secret = base64.b64encode(b"password: hunter2").decode()
    group = replace(GROUP, settings=replace(GROUP.settings, user_data=secret))
    plan = plan_of(LaunchWork(group, ImageToLaunch("ami-1"), 1, {}))
    text = preview_launches(plan, {"campus": SERVICE}, FOLDER)["launch campus/pool"]
    assert f"ec2_user_data_file = {FOLDER}/" in text
    assert "hunter2" not in text
    assert secret not in text
    assert not FOLDER.exists()


def test_what_ec2_launches_has_none() -> None:
    plan = plan_of(LaunchWork(replace(GROUP, launch=Launch.EC2), ImageToLaunch("ami-1"), 1, {}))
    assert preview_launches(plan, {"campus": SERVICE}, FOLDER) == {}
