"""HTCondor's ads and settings, as its own bindings read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import classad2

from extenci.cloud.condor.client import classify
from extenci.cloud.condor.job_ads import read_job
from extenci.cloud.condor.schedd import read_limit, read_version
from extenci.model.errors import UnreadableAnswer
from tests.fuzz.reader import Read, Reader

TOKENS = (
    b"ClusterId = 1\n", b"undefined", b"error", b"1e308", b"-9223372036854775808", b"true",
    b'"ec2 https://h t i-1"',
    b"{1,2}", b"[a=1]", b"GridJobId = ", b"JobStatus = 5\n", b"real(\"NaN\")", b"real(\"INF\")", b"strcat(",
    b"time()",
    b"EnteredCurrentStatus = 1e30\n", b"ExtenciStack = ",
)  # fmt: skip


@contextmanager
def _open_ad(_folder: Path) -> Iterator[Read]:
    def read(data: bytes) -> Iterable[str]:
        text = data.decode("utf-8", "replace").replace("\0", "")
        read_limit({"GRIDMANAGER_MAX_SUBMITTED_JOBS_PER_RESOURCE": text}, "https://cloud")
        classify(text)
        read_version(text)
        try:
            ad = classad2.ClassAd(text)
        except (classad2.ClassAdException, SyntaxError, ValueError):
            return ()
        try:
            job = read_job(ad)
        except KeyError as error:  # which the client tells as "an ad lacks …"
            raise UnreadableAnswer(f"an ad lacks {error.args[0]}") from None
        return (str(job.state), job.id)

    yield read


READERS = (Reader("job-ad", _open_ad, TOKENS, ("\0never",)),)
