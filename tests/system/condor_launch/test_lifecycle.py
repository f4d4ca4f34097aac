"""A group's whole life through a real HTCondor: launch, scale, replace, destroy."""

from __future__ import annotations

from collections import Counter

from tests.system.condor_launch.conftest import World


def test_a_group_is_launched_scaled_replaced_and_destroyed(world: World) -> None:
    world.write(count=25)
    assert world.apply().ok
    world.agree(25)
    world.write(count=40)
    assert world.apply().ok
    world.agree(40)
    world.write(count=5)
    assert world.apply().ok
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
    assert calls["CreateKeyPair"] == calls["DeleteKeyPair"]
