"""Measures what the next version of a disk costs: python tests/bench/versions.py [--mib N]

A disk is staged. In each round, 1 % of its blocks are changed; then the time to plan it (read and hash the
file) and send the difference is compared with the time to read and hash it alone. At the end, the unchanged
disk is planned again. The sink is that of tests/bench/staging.py.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[0] = str(ROOT)  # not this folder, whose queue.py would hide Python's

from extenci.image.raw import read_disk  # noqa: E402
from extenci.model.version import BLOCK_BYTES, Parent  # noqa: E402
from extenci.stage.context import StageRequest  # noqa: E402
from extenci.stage.ebs.method import upload  # noqa: E402
from tests.bench.shipped import Shop  # noqa: E402
from tests.bench.sink import SinkMissing, run_sink  # noqa: E402
from tests.disks import add_boot_sector  # noqa: E402

SNAPSHOT = "snap-0123456789abcdef0"


def make_disk(path: Path, blocks: int) -> None:
    """Write a disk with random bytes in every other block."""
    with path.open("wb") as file:
        file.truncate(2 * blocks * BLOCK_BYTES)
        for number in range(blocks):
            file.seek(2 * number * BLOCK_BYTES)
            file.write(os.urandom(BLOCK_BYTES))
    add_boot_sector(path)
    os.utime(path, (1, 1))


def change(path: Path, blocks: int, count: int) -> None:
    """Write random bytes into the middle of `count` random blocks that hold data."""
    with path.open("r+b") as file:
        for number in random.sample(range(blocks), count):
            file.seek(2 * number * BLOCK_BYTES + 1000)
            file.write(os.urandom(16))
        os.fsync(file.fileno())


def timed(work: Callable[[], object]) -> float:
    """The seconds that some work takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def bytes_read() -> int:
    """The bytes that this process has read so far (proc(5), `rchar`)."""
    lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text("utf-8").splitlines())
    return int(lines["rchar"])


@dataclass
class Versions:
    """Stages one version of a disk after the other. `sent` is the number of blocks sent for the last one."""

    disk: Path
    shop: Shop
    known: StageRequest
    sent: int = 0

    @classmethod
    def begin(cls, disk: Path, shop: Shop) -> Versions:
        """Stage the first version."""
        first = shop.plan(str(disk))
        upload(first, shop.context)
        return cls(disk, shop, first)

    def stage(self) -> None:
        """Plan the disk as it is now, and send the blocks that differ."""
        parent = Parent(SNAPSHOT, self.known.version.digest)
        self.known = self.shop.plan(str(self.disk))
        upload(replace(self.known, parent=parent), replace(self.shop.context, on_progress=self._note))

    def _note(self, _done: int, total: int) -> None:
        self.sent = total // BLOCK_BYTES


def differences(disk: Path, shop: Shop, blocks: int, runs: int) -> None:
    """Change, plan and send 1 % of the blocks, `runs` times; print the results."""
    versions = Versions.begin(disk, shop)
    shares, ratios = [], []
    for number in range(runs):
        change(disk, blocks, blocks // 100)
        os.utime(disk, (number + 2, number + 2))  # a plan waits if a disk was written just now
        plain = timed(lambda: read_disk(disk))
        ratios.append(timed(versions.stage) / plain)
        shares.append(versions.sent / blocks)
        print(
            f"  {plain:.2f} s to read and hash, {ratios[-1]:.2f} times that to plan and stage",
            file=sys.stderr,
        )
    share, ratio = max(shares), statistics.median(ratios)
    print(f"1 % of {blocks} blocks changed:")
    print(f"  blocks sent        {share:>7.2%}  <= 1.1 %  {'yes' if share <= 0.011 else 'NO'}")
    print(f"  time / reading     {ratio:>7.2f}  <= 1.3    {'yes' if ratio <= 1.3 else 'NO'}")


def unchanged(disk: Path, shop: Shop, runs: int) -> None:
    """Plan a disk that did not change since it was read; print the seconds and the bytes read."""
    shop.plan(str(disk))
    seconds, amounts = [], []
    for _ in range(runs):
        before = bytes_read()
        seconds.append(timed(lambda: shop.plan(str(disk))))
        amounts.append(bytes_read() - before)
    most = max(seconds)
    print(f"unchanged, seconds   {most:>7.4f}  < 0.5     {'yes' if most < 0.5 else 'NO'}")
    print(f"  bytes read, all of them from the catalog: {max(amounts)}")


def main() -> int:
    """Read the arguments, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--mib", type=int, default=1024, help="MiB of data (default: 1024)")
    parser.add_argument("--runs", type=int, default=5, help="rounds (default: 5)")
    parser.add_argument(
        "--folder", type=Path, help="where disks are written (default: the system's temporary folder)"
    )
    asked = parser.parse_args()
    blocks = asked.mib * 2
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        folder, disk = Path(name), Path(name) / "disk.raw"
        try:
            with run_sink(folder / "sink") as sink:
                make_disk(disk, blocks)
                shop = Shop.open(sink.url, str(sink.certificate), folder, 64)
                differences(disk, shop, blocks, asked.runs)
                unchanged(disk, shop, asked.runs)
        except SinkMissing as missing:
            print(missing, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
