"""OpenStack's EC2 API, ec2-api 17.0.0 of PyPI: its real stack, down to database and bundle opener.

`python -m tests.matrix.openstack.server PORT S3-URL FOLDER CLOUD-KEY`, in a virtual environment that has it.
Nova, glance, cinder, neutron and keystone are stand-ins; keys are not checked, but a request must be signed.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from unittest import mock
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import botocore.session
import ec2api.api
import ec2api.api.image
import ec2api.clients
import ec2api.context
import ec2api.wsgi
import eventlet
import webob.dec
from botocore.config import Config
from ec2api import config
from ec2api.api import apirequest, faults
from ec2api.db import migration
from oslo_config import cfg
from oslo_context import context as oslo_context

from tests.matrix.openstack.compute import PROJECT, USER, Nova
from tests.matrix.openstack.images import Glance
from tests.matrix.openstack.neighbours import Cinder, Keystone, Neutron

FLAVORS = ("t3.micro", "t3.small")
ACCESS_KEY, SECRET_KEY = "AKIAMATRIX0000000001", "matrix/secret/0000000000000000000000000"
LOG = logging.getLogger("matrix")


def main(port: int, s3: str, folder: Path, cloud_key: Path) -> None:
    """Serves until it is ended."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
    LOG.setLevel(logging.INFO)
    configure(s3, folder, cloud_key)
    put_stand_ins(s3, folder)
    log_calls()
    stack = ec2api.api.Requestify(ec2api.api.Executor())
    application = ec2api.api.FaultWrapper(ec2api.api.RequestLogging(Signed(stack)))
    make_server("127.0.0.1", port, OneAtATime(application), Server, Handler).serve_forever()


def configure(s3: str, folder: Path, cloud_key: Path) -> None:
    """ec2-api's settings, and its database."""
    folder.mkdir(parents=True, exist_ok=True)
    config.parse_args(["ec2-api"], default_config_files=[])
    settings = cfg.CONF
    settings.set_override("connection", f"sqlite:///{folder / 'ec2api.sqlite'}", group="database")
    settings.set_override("lock_path", str(folder), group="oslo_concurrency")
    settings.set_override("disable_ec2_classic", False)
    settings.set_override("s3_url", s3)
    settings.set_override("image_decryption_dir", str(folder))
    settings.set_override("x509_root_private_key", str(cloud_key))
    migration.db_sync()


def put_stand_ins(s3: str, folder: Path) -> None:
    """The services around ec2-api, and S3 with keys that keystone would give."""
    nova, glance, cinder, neutron = Nova(*FLAVORS), Glance(folder / "digests"), Cinder(), Neutron()
    ec2api.clients.nova = lambda _: nova
    ec2api.clients.glance = lambda _: glance
    ec2api.clients.cinder = lambda _: cinder
    ec2api.clients.neutron = lambda _: neutron
    ec2api.clients.keystone = lambda _: Keystone()
    ec2api.context.get_os_admin_context = lambda: ec2api.context.RequestContext(
        None, None, session=mock.Mock(), is_os_admin=True, overwrite=False
    )
    paths = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2})
    session = botocore.session.get_session()
    ec2api.api.image._s3_conn = lambda _: session.create_client(
        "s3",
        endpoint_url=s3,
        region_name="us-east-1",
        config=paths,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )
    # Its images are opened beside the request: as green threads in its own server, as threads in this one.
    eventlet.spawn_n = lambda work, *values: threading.Thread(target=work, args=values, daemon=True).start()


def log_calls() -> None:
    """A line for each call: what was asked, and what ec2-api raised."""
    invoke = apirequest.APIRequest.invoke

    def logged(self: Any, context: Any) -> Any:
        said = {key: value for key, value in self.args.items() if key != "UserData"}
        try:
            answer = invoke(self, context)
        except Exception as error:
            LOG.info("refused %s %s: %s %s", self.action, type(error).__name__, error, said)
            raise
        LOG.info("did %s %s", self.action, said)
        return answer

    apirequest.APIRequest.invoke = logged


class Signed(ec2api.wsgi.Middleware):  # type: ignore[misc]
    """In place of EC2KeystoneAuth: every signature is good."""

    @webob.dec.wsgify(RequestClass=ec2api.wsgi.Request)  # type: ignore[untyped-decorator]
    def __call__(self, request: Any) -> Any:
        if not (request.headers.get("Authorization") or request.params.get("Signature")):
            return faults.ec2_error_response("none", "AuthFailure", "Signature not provided", status=400)
        session = mock.Mock()
        session.get_endpoint.return_value = "v3"
        request.environ["ec2api.context"] = ec2api.context.RequestContext(
            USER,
            PROJECT,
            request_id=oslo_context.generate_request_id(),
            session=session,
            api_version=request.params.get("Version"),
        )
        return self.application


class OneAtATime:
    """The application, for one request at a time: its SQLite takes one writer."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application, self._lock = application, threading.Lock()

    def __call__(self, environment: Any, start: Any) -> list[bytes]:
        with self._lock:
            return [*self._application(environment, start)]


class Server(ThreadingMixIn, WSGIServer):
    """A thread for each connection."""

    daemon_threads = True


class Handler(WSGIRequestHandler):
    """Logs nothing: the calls are logged."""

    def log_message(self, *_: object) -> None:
        """Says nothing."""


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
