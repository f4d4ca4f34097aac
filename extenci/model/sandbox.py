"""The state of the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class SandboxStatus:
    """Whether the sandbox runs, and where. URLs are "" while it does not; `machines` then says what they
    would be. `calls` is the file that lists its calls.

    `forwards` maps the ports of real machines that can be reached to the ports of the machine's address where
    they are; `faults` are the rules by which it misbehaves.
    """

    running: bool
    ec2: str
    s3: str
    ebs: str
    machines: Literal["qemu", "simulated"]
    pid: int | None
    calls: Path
    forwards: Mapping[int, int] = field(default_factory=dict)
    faults: str = ""
