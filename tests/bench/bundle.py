"""Measures how fast disks become bundles: python tests/bench/bundle.py [--mib N] [--rounds N]

Two contenders take turns to bundle the same sparse disk, half text and half noise, into files:

- extenci: the code that it ships, from the block list to the signed manifest. It reads, hashes and compares
  the blocks, compresses them on all processors, encrypts them, and splits and hashes the result. It runs in
  a process of its own, whose peak memory is printed;
- tools: `tar -S -c | tee >(sha1sum) | gzip | openssl enc -aes-128-cbc | split`, then `sha1sum` of the parts.

The ratio can be compared across machines, the seconds cannot. Debian packages: tar, gzip, openssl, coreutils.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[0] = str(ROOT)  # not this folder, whose queue.py would hide Python's

from extenci.image.bundle.bundler import Bundler, open_signer  # noqa: E402
from extenci.image.bundle.certificates import new_key_pair  # noqa: E402
from extenci.image.bundle.keys import new_secret  # noqa: E402
from extenci.image.bundle.tar import tar_stream  # noqa: E402
from extenci.image.raw import as_block, open_disk  # noqa: E402
from extenci.model.service import BundleKeys  # noqa: E402
from extenci.model.version import BLOCK_BYTES  # noqa: E402

MIB = 1024**2
TOOLS = """\
tar -S -c -f - disk | tee >(sha1sum > sha1) | gzip | openssl enc -aes-128-cbc -K {key} -iv {iv} \
| split -d -a 3 -b 10M - parts/worker.part.
sha1sum parts/* > digests
"""


def make_disk(path: Path, mib: int) -> None:
    """Write a disk with stretches of 8 MiB, alternately words and noise, and holes of the same size between
    them."""
    noise, words = random.Random(1), [f"word{number:04} " for number in range(5000)]  # noqa: S311
    with path.open("wb") as file:
        for stretch in range(mib // 8):
            file.seek(stretch * 16 * MIB)
            if stretch % 2:
                file.write(noise.randbytes(8 * MIB))
            else:
                file.write("".join(noise.choices(words, k=8 * MIB // 9)).encode().ljust(8 * MIB))
        file.truncate(2 * mib * MIB)


def bundle(folder: Path) -> None:
    """Bundle into files as `extenci.stage.bundle.method` does; print the peak memory in KiB."""
    certificate, private, cloud = (str(folder / name) for name in ("user.pem", "user.key", "cloud.pem"))
    keys = BundleKeys(certificate, private, cloud, "123456789012")
    signer = open_signer(keys)
    digests = json.loads((folder / "digests.json").read_text())
    with open_disk(folder / "disk") as disk:

        def read(index: int) -> bytes:
            block = as_block(index, disk.block(index))
            if block is None or block.sha256.hex() != digests[str(index)]:
                raise ValueError(index)
            return block.data

        bundler = Bundler("worker", new_secret())
        for part, data in bundler.parts(tar_stream("worker", disk.size, lambda: map(int, digests), read)):
            (folder / "parts" / part.name).write_bytes(data)
        text = signer.manifest("worker", "x86_64", disk.size, bundler, release="0")
    (folder / "parts" / "worker.manifest.xml").write_bytes(text)
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    print(found[1] if found else 0)


def prepare(folder: Path, mib: int) -> None:
    """Write the disk, the digests of its blocks, which staging knows in advance, and the keys."""
    make_disk(folder / "disk", mib)
    with open_disk(folder / "disk") as disk:
        digests = {block.index: block.sha256.hex() for block in disk.blocks()}
    (folder / "digests.json").write_text(json.dumps(digests))
    for name in ("user", "cloud"):
        key, certificate = new_key_pair(name)
        (folder / f"{name}.pem").write_bytes(certificate)
        (folder / f"{name}.key").write_bytes(key)
        (folder / f"{name}.key").chmod(0o600)
    print(f"{len(digests) * BLOCK_BYTES // MIB} MiB of data in a disk of {2 * mib} MiB")


def run(command: list[str], folder: Path) -> tuple[float, int, str]:
    """The seconds that a command takes, the total bytes of its parts, and its output."""
    for old in (folder / "parts").iterdir():
        old.unlink()
    began = time.perf_counter()
    said = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
    took = time.perf_counter() - began
    return took, sum(part.stat().st_size for part in (folder / "parts").glob("*.part.*")), said


def main() -> None:
    """Read the arguments, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--mib", type=int, default=1024, help="MiB of data")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bundle", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.bundle:
        bundle(chosen.bundle)
        return
    with tempfile.TemporaryDirectory(prefix="bench-bundle-") as name:
        measure(Path(name), chosen.mib, chosen.rounds)


def measure(folder: Path, mib: int, rounds: int) -> None:
    """Print each round and the ratio of the medians."""
    prepare(folder, mib)
    (folder / "parts").mkdir()
    tools = [
        "/bin/bash",
        "-o",
        "pipefail",
        "-c",
        TOOLS.format(key=os.urandom(16).hex(), iv=os.urandom(16).hex()),
    ]
    ours = [sys.executable, str(Path(__file__).resolve()), "--bundle", str(folder)]
    seconds: dict[str, list[float]] = {"extenci": [], "tools": []}
    for _ in range(rounds):
        took, size, peak = run(ours, folder)
        seconds["extenci"].append(took)
        print(
            f"extenci  {took:6.1f} s  {size / MIB:7.1f} MiB of parts, peak memory {int(peak) / 1024:.0f} MiB"
        )
        took, size, _said = run(tools, folder)
        seconds["tools"].append(took)
        print(f"tools    {took:6.1f} s  {size / MIB:7.1f} MiB of parts")
    medians = {who: statistics.median(found) for who, found in seconds.items()}
    print(f"extenci takes {medians['extenci'] / medians['tools']:.2f} times the tools' time (target: <= 1.3)")


if __name__ == "__main__":
    main()
