"""A group's whole life through a real HTCondor: launch, scale, replace, destroy."""

from __future__ import annotations

import base64
from collections import Counter

import htcondor2
import pytest

from extenci.model.errors import PlanRefused
from extenci.sandbox import control
from tests.system.launch.conftest import World


def test_a_group_is_launched_scaled_replaced_and_destroyed(world: World) -> None:
    world.write(count=25)
    assert world.apply().ok
    world.agree(25)
    world.write(count=40)
    assert world.apply().ok
    world.agree(40)
    world.write(count=5)
    with pytest.raises(PlanRefused, match="35 of the 40 machines"):
        world.apply()
    assert world.apply(force=True).ok
    world.agree(5)
    old = set(world.running())
    world.make_disk(b"two")
    assert world.apply().ok
    world.agree(5)
    assert not old & set(world.running())

    assert world.apply(destroy=True).ok

    assert world.jobs() == ()
    assert world.running() == {}
    assert world.clients.ec2.images() == ()
    calls = Counter(call["action"] for call in world.calls())
    leases = calls["ImportKeyPair"]
    assert calls["CreateKeyPair"] + leases == calls["DeleteKeyPair"]


def test_jobs_and_descriptions_name_paths_and_hold_no_secret(reachable: World) -> None:
    reachable.write(count=1)
    spec = reachable.specs / "stack.yaml"
    spec.write_text(spec.read_text() + "    user_data: 'password: hunter2'\n")
    access, secret = (path.read_text().strip() for path in control.key_files(reachable.home.path))
    result = reachable.apply()
    assert result.ok, result.outcomes

    collector = htcondor2.Collector(reachable.pool.collector)
    found = collector.locate(htcondor2.DaemonType.Schedd, reachable.pool.schedd)
    (ad,) = htcondor2.Schedd(found).query('ExtenciName == "pool"')
    whole = "\n".join(f"{name} = {ad.get(name)}" for name in ad)

    assert str(reachable.home.jobs_folder) in whole
    encoded = base64.b64encode(b"password: hunter2").decode()
    for hidden in (access, secret, "hunter2", encoded):
        assert hidden not in whole
    records = reachable.home.database.read_bytes()
    for hidden in (secret, "hunter2", encoded):
        assert hidden.encode() not in records
