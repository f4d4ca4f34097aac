from __future__ import annotations

from pathlib import Path

import pytest

from extenci.cloud.condor.schedd import has_gahp, read_limit, read_version, with_settings
from extenci.model.observed import QueueFacts
from extenci.model.service import CondorAccess, Service

ALL = "GRIDMANAGER_MAX_SUBMITTED_JOBS_PER_RESOURCE"
EC2 = f"{ALL}_EC2"
URL = "https://ec2.us-east-1.amazonaws.com"
HERE, ELSEWHERE = CondorAccess(), CondorAccess(schedd="submit", pool="cm.example.edu")


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        ({}, 20),
        ({EC2: "50", ALL: "9"}, 50),
        ({ALL: "9"}, 9),
        ({EC2: "Not defined", ALL: "9"}, 9),
        ({EC2: "20, us-east-1, 100"}, 100),
        ({EC2: "20, us-west, 100"}, 20),
        ({EC2: "20 us-west 7, amazonaws.com/ 30"}, 30),
        ({EC2: "0"}, 1000),
        ({EC2: "many"}, 1000),
    ],
)
def test_the_limit_is_read_as_the_gridmanager_reads_it(settings: dict[str, str], limit: int) -> None:
    assert read_limit(settings, URL) == limit


def test_a_gahp_is_looked_for_only_where_the_schedd_shares_this_machines_files(tmp_path: Path) -> None:
    schedd, gahp = tmp_path / "condor_schedd", tmp_path / "ec2_gahp"
    settings = {"EC2_GAHP": str(gahp), "SCHEDD": str(schedd)}
    assert has_gahp(settings, HERE) is None
    schedd.touch()
    assert has_gahp(settings, HERE) is False
    assert has_gahp(settings, ELSEWHERE) is None
    gahp.touch()
    assert has_gahp(settings, HERE) is True
    assert has_gahp({"EC2_GAHP": "Not defined"}, ELSEWHERE) is False


def test_facts_are_filled_in_from_settings() -> None:
    found = with_settings(
        QueueFacts("s"), {"EC2_GAHP": "/x", "GAHP_SSL_CADIR": "/ca"}, Service("aws", "us-east-1")
    )
    assert found == QueueFacts("s", "", 20, "", None, True)


def test_a_version_is_read_out_of_what_daemons_say() -> None:
    assert read_version("$CondorVersion: 23.9.6 2026-07-12 PackageID: 23.9.6+dfsg $") == "23.9.6"
    assert read_version("") == ""
