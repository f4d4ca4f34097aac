"""Which method stages a disk."""

from __future__ import annotations

from collections.abc import Mapping

from extenci.model.words import Method
from extenci.stage import ebs, imports
from extenci.stage.job import Job, Means, Staged, StageMethod


def _bundle(job: Job, means: Means) -> Staged:
    from extenci.stage import bundle  # noqa: PLC0415 - loads cryptography

    return bundle.stage(job, means)


METHODS: Mapping[Method, StageMethod] = {
    Method.EBS: ebs.stage,
    Method.IMPORT: imports.stage,
    Method.BUNDLE: _bundle,
}


def stage(job: Job, means: Means) -> Staged:
    """Stage a disk as its version says. Errors as of `StageMethod`."""
    return METHODS[job.version.registration.method](job, means)
