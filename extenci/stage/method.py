"""Which method stages a disk."""

from __future__ import annotations

from collections.abc import Mapping

from extenci.model.address import Method
from extenci.stage.context import StageContext, Staged, StageMethod, StageRequest
from extenci.stage.ebs import method as ebs
from extenci.stage.s3_import import method as imports


def _bundle(job: StageRequest, context: StageContext) -> Staged:
    from extenci.stage.bundle import method as bundle  # noqa: PLC0415 - loads cryptography

    return bundle.stage(job, context)


METHODS: Mapping[Method, StageMethod] = {
    Method.EBS: ebs.stage,
    Method.IMPORT: imports.stage,
    Method.BUNDLE: _bundle,
}


def stage(job: StageRequest, context: StageContext) -> Staged:
    """Stage a disk as its version says. Errors as of `StageMethod`."""
    return METHODS[job.version.registration.method](job, context)
