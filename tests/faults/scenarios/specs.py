"""Commands that work from specs: apply, destroy, verify, confirm and gc."""

from __future__ import annotations

from tests.faults.attempt import Attempt
from tests.faults.bench.disk import SMALL
from tests.faults.case import CONDOR, EC2, OF_TWO, TO_ANOTHER, Scenario
from tests.faults.wanted import Wanted

APPLY = ("apply", "specs", "-y")
WAITS = 3
BOTH = (EC2, CONDOR)


def create(one: Attempt) -> None:
    """An image and three machines, of nothing."""
    one.specs.write(count=3)
    one.suffer(*APPLY, wanted=Wanted(3, 1, grows=True))


def stage_only(one: Attempt) -> None:
    """An image without machines."""
    one.specs.write(count=None)
    one.suffer(*APPLY, wanted=Wanted(0, 1, grows=True))


def scale_up(one: Attempt) -> None:
    one.specs.write(count=1)
    one.must(*APPLY)
    one.specs.write(count=3)
    one.suffer(*APPLY, wanted=Wanted(3, 1, grows=True, at_least=1))


def scale_down(one: Attempt) -> None:
    one.must(*APPLY)
    one.specs.write(count=1)
    one.suffer(*APPLY, wanted=Wanted(1, 1, at_least=1))


def retype(one: Attempt) -> None:
    """Machines of another type take the place of those that run."""
    one.must(*APPLY)
    one.specs.write(type="t3.small")
    one.suffer(*APPLY, wanted=Wanted(2, 1, type="t3.small", at_least=1))


def renew(one: Attempt) -> None:
    """A new version of the disk: staged, machines replaced, the old version removed."""
    one.must(*APPLY)
    one.specs.write(version=2)
    one.suffer(*APPLY, wanted=Wanted(2, 1, at_least=1))


def register(one: Attempt) -> None:
    """Another setting of the image: the same disk is registered again."""
    one.must(*APPLY)
    one.specs.write(boot_mode="uefi-preferred")
    one.suffer(*APPLY, wanted=Wanted(2, 1, at_least=1))


def destroy(one: Attempt) -> None:
    one.must(*APPLY)
    one.suffer("destroy", "specs", "-y", wanted=Wanted())


def verify_yes(one: Attempt) -> None:
    one.specs.write(count=None, verified=True)
    one.suffer("verify", "cloud/worker", "specs", "--yes", wanted=Wanted(0, 1))


def verify_no(one: Attempt) -> None:
    one.specs.write(count=None, verified=True)
    one.suffer("verify", "cloud/worker", "specs", "--no", wanted=Wanted(), statuses=(1,))


def confirm(one: Attempt) -> None:
    """A test VM waits for a person's word."""
    one.specs.write(count=None, verified=True)
    one.must(*APPLY, statuses=(WAITS,))
    words = ("confirm", "cloud/worker", "--root", "specs", "--yes")
    one.suffer(*words, wanted=Wanted(0, 1), statuses=(0, 1))


def collect(one: Attempt) -> None:
    """What an apply that was killed has left is removed, as the specs ask for nothing of it any more."""
    one.specs.write(count=None)
    one.kill_once(*APPLY)
    one.specs.write_nothing()
    one.must(*APPLY, statuses=(0, 1))
    one.suffer("gc", "specs", "-y", wanted=Wanted(), statuses=(0,))


def hand_over(one: Attempt) -> None:
    """An apply is killed, or its calls fail; another home goes on."""
    one.specs.write(count=3)
    one.hand_over(*APPLY, wanted=Wanted(3, 1, grows=True))


def hand_over_renewal(one: Attempt) -> None:
    one.must(*APPLY)
    one.specs.write(version=2, size=SMALL)
    one.hand_over(*APPLY, wanted=Wanted(2, 1, at_least=1))


OF_SPECS = (
    Scenario("create", create, launches=BOTH, calls=9),
    Scenario("stage-only", stage_only, calls=7),
    Scenario("scale-up", scale_up, methods=("ebs",), launches=BOTH, calls=2),
    Scenario("scale-down", scale_down, methods=("ebs",), launches=BOTH, calls=1),
    Scenario("retype", retype, methods=("ebs",), launches=BOTH, calls=5),
    Scenario("renew", renew, launches=BOTH, calls=14),
    Scenario("register", register, methods=("ebs", "bundle"), calls=8),
    Scenario("destroy", destroy, launches=BOTH, calls=4),
    Scenario("verify-yes", verify_yes, calls=12),
    Scenario("verify-no", verify_no, calls=13),
    Scenario("confirm", confirm, methods=("ebs",), calls=3),
    Scenario("gc", collect, calls=2),
    Scenario("two-create", create, launches=BOTH, faults=OF_TWO, homes=2, calls=9),
    Scenario("two-scale-up", scale_up, methods=("ebs",), faults=OF_TWO, homes=2, calls=2),
    Scenario("two-renew", renew, methods=("ebs", "bundle"), faults=OF_TWO, homes=2, calls=14),
    Scenario("two-destroy", destroy, methods=("ebs",), faults=OF_TWO, homes=2, calls=4),
    Scenario("hand-over", hand_over, launches=BOTH, faults=TO_ANOTHER, homes=2, calls=9),
    Scenario("hand-over-renewal", hand_over_renewal, methods=("ebs",), faults=TO_ANOTHER, homes=2, calls=14),
)
