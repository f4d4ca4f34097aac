"""ImportSnapshot of objects in the sandbox's S3: RAW, and with qemu-img VMDK and VHD. moto has none of it
(a 500).

AWS: API reference, ImportSnapshot, DescribeImportSnapshotTasks; VM Import/Export User Guide. The tags
of ImportSnapshot go on the task, not on the snapshot.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, MissingParameterError
from moto.ec2.utils import random_id
from moto.s3.models import FakeKey

from extenci.sandbox.ec2.actions import Actions
from extenci.sandbox.ec2.filters import Readers, chosen
from extenci.sandbox.ec2.pages import page, page_size
from extenci.sandbox.http.bodies import ObjectContent, store_pieces
from extenci.sandbox.state.cloud import Cloud
from extenci.sandbox.state.disks import BLOCK_BYTES
from extenci.sandbox.state.imports import SandboxImportTask
from extenci.sandbox.state.objects import find_object, pieces_of
from extenci.sandbox.state.snapshots import DiskSnapshot, add_snapshot
from extenci.sandbox.state.tags import tags_at_creation, tags_of
from extenci.sandbox.state.tokens import TokenReused

_GIB = 1 << 30
_ZEROS = bytes(BLOCK_BYTES)
MISMATCH = "Arguments on this idempotent request are inconsistent with arguments used in previous request(s)."


class ImportActions(Actions):
    """ImportSnapshot, DescribeImportSnapshotTasks."""

    def import_snapshot(self) -> ActionResult:
        container = self._get_param("DiskContainer", {})
        bucket, key = _place(container)
        tags = tags_at_creation(self.tag_specifications(), ["import-snapshot-task"])
        _check_role(self._get_param("RoleName"))
        token = self._get_param("ClientToken")
        parameters = {name: value for name, value in self.params.items() if name != "DryRun"}
        try:
            task = self.cloud.import_tokens.made(token, parameters)
        except TokenReused:
            raise EC2ClientError("IdempotentParameterMismatch", MISMATCH) from None
        self.error_on_dryrun()
        if task is None:
            description = self._get_param("Description") or container.get("Description", "")
            kind = str(container.get("Format", "")).upper()
            task = SandboxImportTask(random_id("import-snap"), description, bucket, key, kind)
            self.cloud.imports[task.id] = task
            self.cloud.import_tokens.remember(token, parameters, task)
            self.backend.tags[task.id].update(tags["import-snapshot-task"])
            threading.Thread(target=_carry_out, args=(self.cloud, task), daemon=True).start()
        return ActionResult(task.shown(tags_of(self.backend, task.id)))

    def describe_import_snapshot_tasks(self) -> ActionResult:
        ids = self._get_param("ImportTaskIds", [])
        for task_id in ids:
            if task_id not in self.cloud.imports:
                raise EC2ClientError(
                    "InvalidConversionTaskId.Malformed",
                    f"The import task ID {task_id} does not exist",
                )
        tasks = [task for task in self.cloud.imports.values() if not ids or task.id in ids]
        found = chosen(tasks, self.filters, _FILTERS, lambda one: tags_of(self.backend, one.id))
        size = page_size(self._get_param("MaxResults"), least=1)
        shown, following = page(found, size, self._get_param("NextToken"), lambda one: one.id)
        tasks_shown = [task.shown(tags_of(self.backend, task.id)) for task in shown]
        return ActionResult({"ImportSnapshotTasks": tasks_shown, "NextToken": following})


def _place(container: Mapping[str, Any]) -> tuple[str, str]:
    """Bucket and key, from UserBucket or from an s3:// or https:// Url."""
    bucket = container.get("UserBucket", {})
    if bucket.get("S3Bucket") and bucket.get("S3Key"):
        return bucket["S3Bucket"], bucket["S3Key"]
    if url := container.get("Url"):
        parts = urlsplit(url)
        if parts.scheme == "s3":
            return parts.netloc, parts.path.lstrip("/")
        found, _, key = parts.path.lstrip("/").partition("/")
        return found, key
    raise MissingParameterError("diskContainer.userBucket or diskContainer.url")


def _check_role(name: str | None) -> None:
    """Check for the role `vmimport`, which the setup in the VM Import/Export User Guide makes."""
    if name not in (None, "vmimport"):
        raise EC2ClientError(
            "InvalidParameter",
            f"The service role {name} provided does not exist or does not have sufficient permissions",
        )


def _carry_out(cloud: Cloud, task: SandboxImportTask) -> None:
    """Runs in a thread of its own; the bytes are copied without the lock."""
    time.sleep(cloud.timing.import_snapshot)
    try:
        task.message = "converting"
        snapshot = _import(cloud, task)
    except ImportFailed as problem:
        task.status, task.message = "deleted", f"ClientError: {problem}"
    except Exception:  # noqa: BLE001  # the object went meanwhile, say: whoever waits must be told
        traceback.print_exc(file=sys.stderr)
        task.status, task.message = (
            "deleted",
            "ServerError: an internal error has occurred during conversion.",
        )
    else:
        with cloud.lock:
            add_snapshot(cloud, snapshot, {})
            task.snapshot_id, task.progress, task.status = snapshot.id, 100, "completed"


class ImportFailed(Exception):
    """The object is no disk that can be imported."""


def _import(cloud: Cloud, task: SandboxImportTask) -> DiskSnapshot:
    source = find_object(task.bucket, task.key)
    if task.format not in ("RAW", *CONVERTED):
        raise ImportFailed(f"Unsupported disk format {task.format}.")
    if source is None:
        raise ImportFailed(f"Cannot access the object s3://{task.bucket}/{task.key}.")
    if source.size == 0:
        raise ImportFailed("Disk validation failed [the disk image is empty]")
    if task.format == "RAW":
        task.size = source.size
        return _filled(cloud, task, pieces_of(source, 0, source.size, BLOCK_BYTES))
    with tempfile.TemporaryDirectory() as folder:
        raw = _converted(source, CONVERTED[task.format], Path(folder))
        task.size = raw.stat().st_size
        content = ObjectContent([(raw, task.size)])
        return _filled(cloud, task, content.pieces(0, task.size, BLOCK_BYTES))


CONVERTED = {"VMDK": "vmdk", "VHD": "vpc"}
"""Formats that AWS takes beside RAW, and what qemu-img calls them."""


def _converted(source: FakeKey, kind: str, folder: Path) -> Path:
    """The raw disk of an object in another format."""
    program = shutil.which("qemu-img")
    if program is None:
        raise ImportFailed("Without qemu-img, the sandbox imports RAW disks only.")
    body = store_pieces(pieces_of(source, 0, source.size), folder)
    raw = folder / "raw"
    command = [program, "convert", "-f", kind, "-O", "raw", "-S", "4k", str(body.path), str(raw)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        raise ImportFailed("Disk validation failed [Unsupported or corrupt disk image]")
    return raw


def _filled(cloud: Cloud, task: SandboxImportTask, blocks: Iterable[bytes]) -> DiskSnapshot:
    description = f"Created by AWS-VMImport service for {task.id}"
    snapshot = DiskSnapshot(cloud, -(-task.size // _GIB), description)
    for index, block in enumerate(blocks):
        if block != _ZEROS[: len(block)]:
            snapshot.put(index, block.ljust(BLOCK_BYTES, b"\0"), b"")
        task.progress = 99 * index * BLOCK_BYTES // task.size
    snapshot.seal()
    snapshot.complete(0)
    return snapshot


_FILTERS: Readers[SandboxImportTask] = {"status": lambda task: [task.status]}
