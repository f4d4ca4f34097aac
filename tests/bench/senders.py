"""Runs one contender of tests/bench/staging.py in a process of its own; prints its result as JSON."""

from __future__ import annotations

import base64
import hashlib
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])  # not this folder, whose queue.py would hide Python's

BLOCK = 524_288
SNAPSHOT = "snap-0123456789abcdef0"


def tell(blocks: int, seconds: float, cpu: float) -> None:
    """Print the result: bytes of peak memory, seconds, and processor seconds."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"blocks": blocks, "seconds": seconds, "cpu": cpu, "peak": peak}))


def timed(send: Callable[[], int]) -> None:
    """Send the blocks, and print how long that took."""
    begin, cpu = time.perf_counter(), time.process_time()
    blocks = send()
    tell(blocks, time.perf_counter() - begin, time.process_time() - cpu)


def by_extenci(url: str, certificate: str, disk: str, connections: int) -> None:
    """Upload as `extenci apply` does, from a disk that the plan has read to the completed snapshot."""
    from tests.bench.shipped import prepare  # noqa: PLC0415 - missing in fsp's Python

    timed(prepare(url, certificate, disk, connections))


def by_boto3(url: str, certificate: str, disk: str, connections: int) -> None:
    """Upload with boto3 in threads, and nothing else."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - as above
    from threading import Semaphore  # noqa: PLC0415

    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    from extenci.image.raw import Block, open_disk  # noqa: PLC0415

    config = Config(max_pool_connections=connections, retries={"mode": "standard"}, proxies={})
    ebs = boto3.client(
        "ebs", region_name="us-east-1", endpoint_url=url, verify=certificate, config=config,
        aws_access_key_id="AKIABENCH", aws_secret_access_key="bench",
    )  # fmt: skip
    room = Semaphore(2 * connections)

    def put(block: Block) -> int:
        checksum = base64.b64encode(block.sha256).decode()
        answer = ebs.put_snapshot_block(
            SnapshotId=SNAPSHOT, BlockIndex=block.index, BlockData=block.data, DataLength=BLOCK,
            Checksum=checksum, ChecksumAlgorithm="SHA256",
        )  # fmt: skip
        room.release()
        assert answer["Checksum"] == checksum
        return 1

    def send() -> int:
        linear, pending = hashlib.sha256(), []
        ebs.start_snapshot(VolumeSize=1)
        with open_disk(disk) as opened, ThreadPoolExecutor(connections) as pool:
            for block in opened.blocks():
                linear.update(block.sha256)
                room.acquire()
                pending.append(pool.submit(put, block))
            count = sum(future.result() for future in pending)
        ebs.complete_snapshot(
            SnapshotId=SNAPSHOT, ChangedBlocksCount=count, ChecksumAlgorithm="SHA256",
            ChecksumAggregationMethod="LINEAR", Checksum=base64.b64encode(linear.digest()).decode(),
        )  # fmt: skip
        return count

    timed(send)


def by_fsp(folder: str, disk: str) -> None:
    """Upload with flexible-snapshot-proxy's own `upload`, and as many jobs as its main.py uses."""
    import contextlib  # noqa: PLC0415
    import importlib  # noqa: PLC0415
    import inspect  # noqa: PLC0415
    import io  # noqa: PLC0415

    sys.path.insert(0, f"{folder}/src")
    scope = importlib.import_module("singleton").SingletonClass()
    scope.NUM_JOBS = 16
    scope.FULL_COPY = False
    scope.AWS_ORIGIN_REGION = scope.AWS_DEST_REGION = "us-east-1"
    upload = importlib.import_module("fsp").upload
    arguments = (disk, None)[: len(inspect.signature(upload).parameters)]  # later ones ask for a parent
    said = io.StringIO()

    def send() -> int:
        with contextlib.redirect_stdout(said):
            upload(*arguments)
        told = next(line for line in said.getvalue().splitlines() if line.startswith("Total chunks uploaded"))
        return int(told.split()[-1])

    timed(send)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["extenci", url, certificate, disk, connections]:
            by_extenci(url, certificate, disk, int(connections))
        case ["boto3", url, certificate, disk, connections]:
            by_boto3(url, certificate, disk, int(connections))
        case ["fsp", folder, disk]:
            by_fsp(folder, disk)
        case _:
            sys.exit("This is a part of tests/bench/staging.py.")
