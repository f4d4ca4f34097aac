"""Measures how fast disks are sent into snapshots: python tests/bench/staging.py [--mib N] [--fsp FOLDER]

Contenders take turns to send the same sparse disk to the same sink (nginx with Lua over TLS, on this
machine), each in a process of its own:

- extenci: the code that it ships, from opening the disk to the completed snapshot. It reads, hashes, signs
  and sends the blocks, retries them if need be, and compares the checksums;
- boto3: the same disk, read and hashed by the same code, and put by as many threads;
- flexible-snapshot-proxy: awslabs' tool, unchanged (`--fsp`: its checkout, `--fsp-python`: a Python with
  the packages that it needs);
- wrk: unsigned blocks of 512 KiB, as fast as a C program can send them.

Ratios can be compared across machines; MB/s cannot, and the sink runs on the same processors.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[0] = str(ROOT)  # not this folder, whose queue.py would hide Python's

from tests.bench.sink import PACKAGES, Sink, SinkMissing, run_sink  # noqa: E402
from tests.disks import add_boot_sector  # noqa: E402

BLOCK = 524_288
MIB = 1024**2
SENDERS = ROOT / "tests" / "bench" / "senders.py"
WRK_SCRIPT = """\
wrk.method = "PUT"
wrk.path = "/snapshots/snap-0123456789abcdef0/blocks/0"
wrk.headers["x-amz-Checksum"] = "x"
wrk.body = string.rep("x", 524288)
"""
ADDRESSES = ("127.0.0.1", "127.0.0.9")


@dataclass(frozen=True)
class Measured:
    """One run: its blocks and seconds, and the sending process's peak memory in bytes and processor seconds
    (0 if not known)."""

    blocks: int
    seconds: float
    peak: int = 0
    cpu: float = 0.0

    @property
    def rate(self) -> float:
        """The rate in MB/s (1e6 bytes)."""
        return self.blocks * BLOCK / self.seconds / 1e6


@dataclass(frozen=True)
class Target:
    """The bounds that a ratio should keep."""

    least: float | None = None
    most: float | None = None

    def said(self, value: float) -> str:
        """The bounds, and whether a value keeps them."""
        bounds = [f">= {self.least:g}"] if self.least is not None else []
        bounds += [f"<= {self.most:g}"] if self.most is not None else []
        is_met = (self.least is None or value >= self.least) and (self.most is None or value <= self.most)
        return f"{' and '.join(bounds):>16}  {'yes' if is_met else 'NO'}"


@dataclass(frozen=True)
class BenchContext:
    """The folder for disks, the number of runs and connections, and the checkout and the Python of
    flexible-snapshot-proxy."""

    folder: Path
    runs: int
    connections: int
    wrk_seconds: int = 3
    fsp: tuple[Path, str] | None = None
    log: Callable[[str], None] = field(default=lambda text: print(text, file=sys.stderr, flush=True))

    def disk(self, name: str, size: int, data: int) -> Path:
        """A sparse disk of `size` bytes with `data` bytes of random blocks spread over it."""
        path = self.folder / name
        count = data // BLOCK
        step = size // BLOCK // count
        with path.open("wb") as file:
            file.truncate(size)
            for number in range(count):
                file.seek(number * step * BLOCK)
                file.write(os.urandom(BLOCK))
        add_boot_sector(path)
        os.utime(path, (1, 1))  # a plan waits if a disk was written just now
        return path

    def send(self, how: str, sink: Sink, disk: Path, connections: int) -> Measured:
        """Send a disk in a process of its own. `how` names the contender."""
        command = [sys.executable, str(SENDERS), how, sink.url, str(sink.certificate), str(disk)]
        return self._measured([*command, str(connections)], dict(os.environ))

    def send_by_fsp(self, sink: Sink, disk: Path) -> Measured:
        """Send a disk with flexible-snapshot-proxy's own `upload`."""
        assert self.fsp is not None
        folder, python = self.fsp
        known = {
            "AWS_ENDPOINT_URL_EBS": sink.url, "AWS_CA_BUNDLE": str(sink.certificate),
            "AWS_ACCESS_KEY_ID": "AKIABENCH", "AWS_SECRET_ACCESS_KEY": "bench", "NO_PROXY": "*",
        }  # fmt: skip
        command = [python, str(SENDERS), "fsp", str(folder), str(disk)]
        return self._measured(command, {**os.environ, **known})

    def wrk(self, sink: Sink, connections: int) -> Measured:
        """Send blocks with wrk."""
        script = self.folder / "put.lua"
        script.write_text(WRK_SCRIPT, "utf-8")
        command = ["wrk", "-t2", f"-c{connections}", f"-d{self.wrk_seconds}s", "-s", str(script), sink.url]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        rate = next(float(line.split()[1]) for line in said.splitlines() if "Requests/sec" in line)
        if "Non-2xx" in said or "Socket errors" in said:
            raise RuntimeError(said)
        return Measured(round(rate * self.wrk_seconds), float(self.wrk_seconds))

    def in_turns(self, contenders: Mapping[str, Callable[[], Measured]]) -> dict[str, list[Measured]]:
        """Run each contender `runs` times. They take turns, so that a busy moment affects all alike."""
        found: dict[str, list[Measured]] = {name: [] for name in contenders}
        for _ in range(self.runs):
            for name, contender in contenders.items():
                found[name].append(contender())
                self.log(f"  {name}: {found[name][-1].rate:.0f} MB/s")
        return found

    def _measured(self, command: Sequence[str], environment: Mapping[str, str]) -> Measured:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            raise RuntimeError(f"{command[1:3]} failed: {done.stderr[-2000:]}")
        told = json.loads(done.stdout.splitlines()[-1])
        return Measured(told["blocks"], told["seconds"], told["peak"], told["cpu"])


def ratio(ours: Sequence[Measured], theirs: Sequence[Measured]) -> float:
    """The median of the ratios in each round."""
    return statistics.median(one.rate / other.rate for one, other in zip(ours, theirs, strict=True))


def compare(context: BenchContext, sink: Sink, mib: int) -> list[str]:
    """Compare all contenders with a disk of twice `mib` MiB, half of it data."""
    disk = context.disk("disk.raw", 2 * mib * MIB, mib * MIB)
    wide = context.connections
    contenders: dict[str, Callable[[], Measured]] = {
        "extenci": partial(context.send, "extenci", sink, disk, wide),
        "boto3": partial(context.send, "boto3", sink, disk, wide),
        "wrk": partial(context.wrk, sink, wide),
    }
    if context.fsp is not None:
        contenders["flexible-snapshot-proxy"] = partial(context.send_by_fsp, sink, disk)
    found = context.in_turns(contenders)
    targets = {"boto3": 2.4, "wrk": 0.6, "flexible-snapshot-proxy": 5.0}
    lines = [f"{mib} MiB of data in {2 * mib} MiB, {wide} connections", HEAD]
    for name, runs in found.items():
        value = ratio(found["extenci"], runs)
        verdict = Target(least=targets[name]).said(value) if name in targets else ""
        lines.append(line_of(name, runs, f"{value:.2f}", verdict))
    peak = max(one.peak for one in found["extenci"]) / MIB
    lines.append(f"extenci's peak memory, MiB: {peak:.0f} {Target(most=120).said(peak)}")
    if context.fsp is None:
        lines.append("flexible-snapshot-proxy: not measured (needs --fsp FOLDER, its checkout)")
    return lines


def with_delay(context: BenchContext, sink: Sink, mib: int, seconds: float) -> list[str]:
    """Measure extenci with slower answers, where the number of connections limits the rate."""
    disk = context.disk("delayed.raw", 2 * mib * MIB, mib * MIB)
    wide = context.connections
    found = context.in_turns({"extenci": partial(context.send, "extenci", sink, disk, wide)})["extenci"]
    value = statistics.median(one.blocks / one.seconds for one in found) / (wide / seconds)
    return [
        f"{seconds * 1000:.0f} ms added to every answer, {mib} MiB, {wide} connections",
        HEAD,
        line_of(
            "extenci", found, f"{value:.2f}", f"{Target(least=0.9).said(value)}  (of connections / delay)"
        ),
    ]


def sparse(context: BenchContext, sink: Sink, mib: int, gib: int) -> list[str]:
    """Compare the same amount of data in a small and in a huge file: holes should cost nothing."""
    small = context.disk("small.raw", 2 * mib * MIB, mib * MIB)
    huge = context.disk("huge.raw", gib * 1024 * MIB, mib * MIB)
    sending = {
        path: partial(context.send, "extenci", sink, path, context.connections) for path in (small, huge)
    }
    found = context.in_turns({path.stem: send for path, send in sending.items()})
    value = ratio(found["small"], found["huge"])
    peak = max(one.peak for one in found["huge"]) / MIB
    return [
        f"{mib} MiB of data in a file of {gib} GiB, and in one of {2 * mib} MiB",
        HEAD,
        line_of("small", found["small"], "1.00"),
        line_of("huge", found["huge"], f"{value:.2f}", Target(most=1.1).said(value) + "  (small / huge)"),
        f"peak memory with the huge one, MiB: {peak:.0f} {Target(most=120).said(peak)}",
    ]


HEAD = f"{'':<26}{'MB/s':>8}{'CPU s/GB':>10}{'ratio':>8}{'target':>16}"


def line_of(name: str, runs: Sequence[Measured], value: str, verdict: str = "") -> str:
    """A row of the table: the median rate and processor time, a ratio, and whether it meets its target."""
    rate = statistics.median(one.rate for one in runs)
    cpu = statistics.median(one.cpu * 1e9 / (one.blocks * BLOCK) for one in runs)
    return f"{name:<26}{rate:>8.0f}{cpu:>10.2f}{value:>8}{verdict}"


def run(context: BenchContext, mib: int, gib: int, delay: float) -> None:
    """Measure everything, and print the tables."""
    if shutil.which("wrk") is None:
        raise SinkMissing(f"wrk is not installed. On Debian: {PACKAGES}")
    with run_sink(context.folder / "sink", address=ADDRESSES[0]) as sink:
        print("\n".join(compare(context, sink, mib)), end="\n\n", flush=True)
        print("\n".join(sparse(context, sink, mib, gib)), end="\n\n", flush=True)
    with run_sink(context.folder / "slow", address=ADDRESSES[1], delay_seconds=delay) as sink:
        print("\n".join(with_delay(context, sink, 2 * mib, delay)), flush=True)


def main() -> int:
    """Read the arguments, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--mib", type=int, default=1024, help="MiB of data (default: 1024)")
    parser.add_argument("--gib", type=int, default=64, help="size of the huge sparse file (default: 64)")
    parser.add_argument("--runs", type=int, default=5, help="repetitions, in turns (default: 5)")
    parser.add_argument(
        "--connections", type=int, default=64, help="connections of each contender but fsp (default: 64)"
    )
    parser.add_argument("--delay", type=float, default=0.1, help="seconds added to answers (default: 0.1)")
    parser.add_argument(
        "--folder", type=Path, help="where disks are written (default: the system's temporary folder)"
    )
    parser.add_argument("--fsp", type=Path, help="a checkout of awslabs/flexible-snapshot-proxy")
    parser.add_argument(
        "--fsp-python", default=sys.executable, help="a Python that has boto3, joblib, numpy and zstandard"
    )
    asked = parser.parse_args()
    fsp = (asked.fsp.resolve(), asked.fsp_python) if asked.fsp else None
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        context = BenchContext(Path(folder), asked.runs, asked.connections, fsp=fsp)
        try:
            run(context, asked.mib, asked.gib, asked.delay)
        except SinkMissing as missing:
            print(missing, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
