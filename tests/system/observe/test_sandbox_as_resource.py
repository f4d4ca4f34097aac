"""An unmodified HTCondor launches machines of the sandbox: `grid_resource = ec2 http://127.0.0.1:PORT`."""

from __future__ import annotations

import time
from collections.abc import Callable

from htcondor2 import JobAction

from tests.system.observe.conftest import Sandbox
from tests.system.observe.queue import IDLE, Queue

TAGS = {"extenci:stack": "physics", "extenci:name": "pool", "team": "$(Item) of 100%, \u00e9"}


def test_a_job_is_a_machine_with_its_tags_from_birth_and_removing_it_ends_the_machine(queue: Queue) -> None:
    begun = time.time()
    cluster = queue.submit(tags=TAGS | {"extenci:name": "born"})
    queue.until_running(cluster)
    job = queue.job(cluster)
    _, url, token, instance = job["GridJobId"].split()
    (machine,) = queue.machines(instance)
    assert url == queue.sandbox.ec2
    assert machine["ClientToken"] == token
    assert {one["Key"]: one["Value"] for one in machine["Tags"]} == TAGS | {"extenci:name": "born"}
    queue.act(JobAction.Remove, cluster)
    queue.until_gone(cluster)
    assert queue.states("born") == {"terminated": 1}
    calls = queue.calls(begun)
    assert calls["TerminateInstances"] == 1
    assert calls["CreateTags"] == 0


def test_a_service_that_calls_itself_amazon_gets_no_key_pairs(queue: Queue) -> None:
    cluster = queue.submit()
    queue.until_running(cluster)
    job = queue.job(cluster)
    assert job["EC2ServerType"] == "Amazon"
    assert "EC2KeyPair" not in job
    assert queue.calls()["CreateKeyPair"] == 0
    queue.act(JobAction.Remove, cluster)
    queue.until_gone(cluster)


def test_any_other_service_gets_a_key_pair_for_each_job_which_goes_with_it(
    start_sandbox: Callable[..., Sandbox], queue_at: Callable[[Sandbox], Queue]
) -> None:
    queue = queue_at(start_sandbox("campus"))
    cluster = queue.submit()
    queue.until_running(cluster)
    (pair,) = queue.ec2.describe_key_pairs()["KeyPairs"]
    assert pair["KeyName"] == queue.job(cluster)["EC2KeyPair"]
    queue.act(JobAction.Remove, cluster)
    queue.until_gone(cluster)
    assert queue.ec2.describe_key_pairs()["KeyPairs"] == []


def test_more_than_a_hundred_machines_are_all_seen_running(queue: Queue) -> None:
    """HTCondor asks for all machines at once; whoever pages unasked makes it forget those of later pages."""
    cluster = queue.submit(120, tags=TAGS | {"extenci:name": "many"})
    queue.until_running(cluster, 120)
    assert queue.states("many") == {"running": 120}
    queue.act(JobAction.Remove, cluster)
    queue.until_gone(cluster)
    assert queue.states("many") == {"terminated": 120}


def test_holding_a_job_ends_its_machine_and_releasing_it_launches_another(queue: Queue) -> None:
    cluster = queue.submit(tags=TAGS | {"extenci:name": "held"})
    queue.until_running(cluster)
    queue.act(JobAction.Hold, cluster)
    queue.until(lambda: queue.states("held") == {"terminated": 1})
    held = queue.until_held(cluster)
    assert (held["HoldReasonCode"], held["HoldReasonSubCode"]) == (1, 0)
    queue.act(JobAction.Release, cluster)
    queue.until_running(cluster)
    assert queue.states("held") == {"terminated": 1, "running": 1}
    queue.act(JobAction.Remove, cluster)
    queue.until_gone(cluster)
    assert queue.states("held") == {"terminated": 2}


def test_a_machine_ended_behind_its_back_completes_the_job(queue: Queue) -> None:
    cluster = queue.submit()
    queue.until_running(cluster)
    queue.ec2.terminate_instances(InstanceIds=[queue.job(cluster)["EC2InstanceName"]])
    queue.until_gone(cluster)


def test_refused_keys_hold_the_job(queue: Queue) -> None:
    access = queue.pool.write_key("denied", "AKIADENIED0000000000\n")
    cluster = queue.submit(ec2_access_key_id=str(access))
    held = queue.until_held(cluster)
    assert (held["HoldReasonCode"], held["HoldReasonSubCode"]) == (37, 9)
    assert "AuthFailure" in held["HoldReason"]
    queue.act(JobAction.Remove, cluster)
    queue.until_gone(cluster)


def test_an_image_that_does_not_exist_holds_the_job(queue: Queue) -> None:
    cluster = queue.submit(ec2_ami_id="ami-00000000000000000")
    held = queue.until_held(cluster)
    assert (held["HoldReasonCode"], held["HoldReasonSubCode"]) == (40, 12)
    assert "InvalidAMIID.NotFound" in held["HoldReason"]
    queue.act(JobAction.Remove, cluster)
    queue.until_gone(cluster)


def test_a_gridmanager_that_was_killed_finds_the_machines_again(queue: Queue) -> None:
    cluster = queue.submit(5, tags=TAGS | {"extenci:name": "orphans"})
    queue.until(lambda: queue.states("orphans"))
    queue.pool.kill_gridmanager()
    queue.until_running(cluster, 5)
    assert queue.states("orphans") == {"running": 5}
    queue.act(JobAction.Remove, cluster)
    queue.until_gone(cluster)
    assert queue.states("orphans") == {"terminated": 5}


def test_jobs_outlive_their_schedd(queue: Queue) -> None:
    cluster = queue.submit(tags=TAGS | {"extenci:name": "restarted"})
    queue.until_running(cluster)
    queue.pool.restart_schedd()
    assert queue.job(cluster)["JobStatus"] != IDLE
    queue.act(JobAction.Remove, cluster)
    queue.until_gone(cluster)
    assert queue.states("restarted") == {"terminated": 1}
