"""The state of the sandbox as text."""

from __future__ import annotations

from collections.abc import Mapping

from extenci.model.service import SandboxStatus

MACHINES = {
    "simulated": "simulated: they have a state and an address, and nothing boots",
    "qemu": "real, run by QEMU",
}


def render_sandbox(status: SandboxStatus) -> str:
    """Whether the sandbox runs, and its endpoints, machines and faults."""
    if not status.running:
        return "The sandbox does not run. `extenci sandbox start` starts it, as does any spec that uses it.\n"
    rows = [
        ("EC2", status.ec2),
        ("S3", status.s3),
        ("EBS", status.ebs),
        ("machines", MACHINES[status.machines]),
        ("calls", str(status.calls)),
    ]
    if status.faults:
        rows.append(("faults", status.faults))
    if status.without:
        rows.append(("without", status.without))
    if status.forwards:
        rows.insert(-1, ("ports", ports_text(status.forwards)))
    return "The sandbox runs.\n" + "".join(f"  {name:<8}  {value}\n" for name, value in rows)


def render_stopped(was_running: bool) -> str:
    """The end of the sandbox, or that there was none."""
    return "Stopped. What was in the sandbox is gone.\n" if was_running else "The sandbox was not running.\n"


def ports_text(forwards: Mapping[int, int]) -> str:
    """The ports of machines that can be reached, each with the port where it is if that is another one."""
    shown = (str(port) if port == at else f"{port} (at {at})" for port, at in forwards.items())
    return ", ".join(shown)
