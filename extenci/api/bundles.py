"""Bundles back into disks."""

from __future__ import annotations

from pathlib import Path

from extenci.api.options import DEFAULTS, Options
from extenci.api.sandbox import sandbox_service
from extenci.api.session import open_clients
from extenci.catalog.home import Home
from extenci.catalog.records import Catalog
from extenci.catalog.services.files import service_files
from extenci.image.bundle.manifest import Manifest
from extenci.model.errors import UsageError
from extenci.model.service import SANDBOX, Service
from extenci.spec.arguments import find_service
from extenci.spec.root import find_root
from extenci.stage.bundle.unbundle import UnbundleRequest, open_bundle


def unbundle(
    manifest: str,
    output: Path,
    *,
    service: str | None = None,
    certificate: str | None = None,
    private_key: str | None = None,
    home: Home | None = None,
    options: Options = DEFAULTS,
) -> Manifest:
    """Make the disk of an EC2 bundle again, sparse, at `output`, which must not exist; return the manifest.

    `manifest` is a path, or `s3://BUCKET/KEY` on a service; the parts lie beside it. The keys are those of
    the service's `bundle:` unless their paths are given. UsageError, SpecError; DiskError where the bundle is
    damaged, AccessRefused where the keys do not fit, ServiceError; Interrupted, and then there is no file.
    """
    home = home or Home.find()
    found = _service_named(service, home) if service is not None else None
    keys = found.bundle if found else None
    certificate = certificate or (keys.certificate if keys else None)
    private_key = private_key or (keys.private_key if keys else None)
    if certificate is None or private_key is None:
        raise UsageError(
            "The bundle cannot be opened without its owner's certificate and private key.",
            "Name a service with `bundle:` in its file, or give the paths of the two.",
        )
    request = UnbundleRequest(manifest, output, certificate, private_key)
    if found is None:
        return open_bundle(request, stop=options.stop)
    with Catalog.open(home) as catalog, open_clients({found.name: found}, home, catalog) as clients:
        return open_bundle(request, clients[found.name].s3, stop=options.stop)


def _service_named(name: str, home: Home) -> Service:
    found = find_service(name, find_root(Path.cwd()), service_files(home))
    return sandbox_service(home) if found.name == SANDBOX else found
