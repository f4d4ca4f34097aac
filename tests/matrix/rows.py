"""The rows of the matrix: a cloud, a way to stage, and when its things can be tagged."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.matrix.clouds.cloud import OpenCloud
from tests.matrix.clouds.moto import moto
from tests.matrix.clouds.openstack import openstack
from tests.matrix.clouds.sandbox import built_in, named, without
from tests.matrix.job.job import Job
from tests.matrix.job.report import End, Failure, Refused, RowReport
from tests.matrix.job.whole import do_whole_job
from tests.matrix.processes import Missing
from tests.matrix.proxies.carrier import with_store
from tests.matrix.proxies.clouds import with_quirk
from tests.matrix.stores.store import STORES

METHODS = ("ebs", "import", "bundle")
TAGGINGS = ("create", "after", "none")
FOREIGN = ("moto", "rclone", "s3rver", "seaweedfs", "nanio", "localbucket")
"""S3 servers that are not the sandbox's, below its EC2."""
QUIRKY = (
    *(("drops-tags", method, tags) for method in ("ebs", "bundle") for tags in ("create", "after")),
    *(("late", method, tags) for method in ("ebs", "bundle") for tags in TAGGINGS),
    ("late", "import", "create"),
    *(("no-image-location", "bundle", tags) for tags in TAGGINGS),
    *(("strict-500", method, tags) for method in ("ebs", "bundle") for tags in ("create", "after")),
    *(("no-upload-list-501", method, "create") for method in ("import", "bundle")),
    *(("no-upload-list-404", method, "create") for method in ("import", "bundle")),
    ("empty-etag", "import", "create"),
    *(("no-acl", method, "create") for method in ("import", "bundle")),
    *(("no-token-filter", "ebs", tags) for tags in TAGGINGS),
    *(("ignored-token-filter", "ebs", tags) for tags in ("after", "none")),
    *(("blind-tag-filters", method, tags) for method in ("ebs", "bundle") for tags in ("create", "after")),
    ("no-ebs", "ebs", "create"),
    ("no-import", "import", "create"),
)
"""Quirks of clouds, each with the ways to stage and to tag that it concerns."""


OF_2014 = (
    "paging,include-disabled,tag-on-create,filters,ena-support,imds-support,boot-mode,ebs-direct,"
    "import-snapshot"
)
LACKING = (
    ("tag-on-create", METHODS),
    ("create-tags", ("ebs",)),
    ("filters", ("ebs", "bundle")),
    ("paging", ("ebs",)),
    ("include-disabled", ("ebs",)),
    ("image-location", ("bundle",)),
    ("ena-support", ("ebs",)),
    ("imds-support", ("ebs",)),
    ("boot-mode", ("ebs",)),
    ("ebs-direct", ("ebs",)),
    ("import-snapshot", ("import",)),
    ("console-output", ("ebs",)),
    ("key-pairs", ("ebs",)),
    ("s3-acl", ("bundle",)),
    ("list-multipart-uploads", ("import", "bundle")),
    ("client-token", ("ebs", "bundle")),
    ("multipart-uploads", ("import",)),
    ("conditional-writes", ("import", "bundle")),
    (OF_2014, ("bundle",)),
)
"""Abilities that are taken away from the sandbox, and the ways to stage that this concerns."""


@dataclass(frozen=True)
class Row:
    """A cloud and what its service file says of it. `able`: it has all that the whole job takes, so that a
    refusal is a weakness of extenci's."""

    name: str
    open: OpenCloud
    stage: str
    tags: str = "create"
    able: bool = True


UNABLE = (
    "no-ebs",
    "no-import",
    "ebs-direct",
    "import-snapshot",
    "create-tags",
    "key-pairs",
    "console-output",
)
"""Without these, some of the whole job cannot be done: a refusal is right."""
IN_CI = (
    "moto-ebs-tags-create",
    "moto-bundle-tags-none",
    "openstack-sandbox-tags-create",
    "s3-rclone-import",
    "s3-rclone-bundle",
    "late-ebs",
    "drops-tags-ebs",
    "strict-500-bundle",
    "blind-tag-filters-ebs",
    "without-tag-on-create-import",
    "without-2014-bundle",
    "without-ebs-direct-ebs",
)
"""The rows that each run of the tests takes, of every kind one: all take an hour on two processors."""


def _make_rows() -> Iterator[Row]:
    for method in METHODS:
        yield Row(f"sandbox-{method}", built_in, method)
    for method in METHODS:
        for tags in TAGGINGS:
            yield Row(f"moto-{method}-tags-{tags}", moto, method, tags, able=method != "import")
    for name in ("sandbox", "rclone", "s3rver", "seaweedfs"):
        for tags in ("after", "create") if name == "sandbox" else ("after",):
            yield Row(f"openstack-{name}-tags-{tags}", openstack(STORES[name]), "bundle", tags)
    for name in FOREIGN:
        for method in ("import", "bundle"):
            yield Row(f"s3-{name}-{method}", with_store(STORES[name]), method)
    for quirk, method, tags in QUIRKY:
        suffix = "" if tags == "create" else f"-tags-{tags}"
        yield Row(
            f"{quirk}-{method}{suffix}", with_quirk(quirk, named), method, tags, able=quirk not in UNABLE
        )


def _make_lacking() -> Iterator[Row]:
    for abilities, methods in LACKING:
        name = "2014" if abilities == OF_2014 else abilities
        for method in methods:
            able = abilities not in UNABLE
            yield Row(f"without-{name}-{method}", without(abilities), method, able=able)


ROWS = {row.name: row for row in (*_make_rows(), *_make_lacking())}


def run_row(row: Row) -> RowReport:
    """Starts the row's cloud, does the whole job on it, and ends it."""
    report = RowReport(row.name, row.able)
    with tempfile.TemporaryDirectory(prefix="extenci-matrix-", ignore_cleanup_errors=True) as folder:
        try:
            with row.open(Path(folder)) as cloud:
                do_whole_job(Job(Path(folder), cloud, row.stage, row.tags), report)
        except Refused as refused:
            report.end, report.said = End.REFUSED, str(refused)
        except Missing as missing:
            report.end, report.said = End.MISSING, str(missing)
        except RuntimeError as error:
            report.failures.append(Failure("start", str(error), None, ""))
    if report.failures:
        report.end = End.FAILED
    return report
