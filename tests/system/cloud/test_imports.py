from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from extenci.cloud.clients import Clients
from extenci.model.errors import AccessRefused, ServiceError
from extenci.model.s3 import ImportState, ImportTask
from extenci.model.service import SANDBOX_BUCKET, Service
from extenci.sandbox.http.listener import HttpResponse, Listener


def begin_import(clients: Clients, bucket: str, key: str, *more: Any, **named: Any) -> ImportTask:
    return clients.unjournalled.ec2.import_snapshot(bucket, key, *more, **named)


def finished(clients: Clients, task: ImportTask) -> ImportTask:
    deadline = time.monotonic() + 10
    while True:
        (found,) = clients.imports.tasks([task.id])
        if found.state is not ImportState.ACTIVE:
            return found
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_object_is_imported_once_for_a_token(clients: Clients) -> None:
    key, token = f"{uuid4().hex}.raw", uuid4().hex
    clients.unjournalled.s3.put_object(SANDBOX_BUCKET, key, b"boot")
    first = begin_import(clients, SANDBOX_BUCKET, key, token, {"a": "b"}, description="first")
    again = begin_import(clients, SANDBOX_BUCKET, key, token, {"a": "b"}, description="first")
    assert (again.id, first.bucket, first.key, first.tags) == (first.id, SANDBOX_BUCKET, key, {"a": "b"})
    done = finished(clients, first)
    assert (done.state, done.progress) == (ImportState.COMPLETED, 100)
    assert [one.id for one in clients.ec2.snapshots_by_id([str(done.snapshot)])] == [done.snapshot]
    assert done in clients.imports.tasks()
    with pytest.raises(ServiceError) as other:
        begin_import(clients, SANDBOX_BUCKET, key, token, {}, description="other")
    assert other.value.code == "IdempotentParameterMismatch"


def test_an_import_that_fails_tells_why(clients: Clients) -> None:
    done = finished(clients, begin_import(clients, SANDBOX_BUCKET, "nothing", uuid4().hex, {}))
    assert (done.state, done.snapshot) == (ImportState.FAILED, None)
    assert "Cannot access the object s3://extenci/nothing" in done.message


def test_keys_that_the_service_does_not_know_are_refused(with_keys: Callable[..., Clients]) -> None:
    clients = with_keys("AKIADENIED0000000000")
    with pytest.raises(AccessRefused):
        begin_import(clients, SANDBOX_BUCKET, "any", "token", {})
    with pytest.raises(AccessRefused):
        clients.imports.tasks()


def test_a_missing_role_is_told_with_what_to_do(service: Service) -> None:
    """What AWS answers where nobody has made the role."""
    body = (
        "<Response><Errors><Error><Code>InvalidParameter</Code><Message>The service role vmimport provided "
        "does not exist or does not have sufficient permissions</Message></Error></Errors>"
        "<RequestID>r</RequestID></Response>"
    )
    listener = Listener(0, lambda _: HttpResponse(400, {"Content-Type": "text/xml"}, body.encode()))
    threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True).start()
    clients = Clients(replace(service, ec2=f"http://127.0.0.1:{listener.port}"))
    with pytest.raises(ServiceError) as missing:
        begin_import(clients, SANDBOX_BUCKET, "any", "token", {})
    assert "Required service role" in missing.value.hint
    assert "method: ebs" in missing.value.hint
    clients.close()
    listener.shutdown()
    listener.server_close()
