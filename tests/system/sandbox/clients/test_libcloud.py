"""The sandbox as Apache Libcloud sees it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from extenci.model.service import SandboxStatus
from tests.system.sandbox.clients.programs import KEY, SECRET, environment, programs, run_program

LIBCLOUD = """
import json, sys
from urllib.parse import urlsplit
from libcloud.compute.drivers.ec2 import EC2NodeDriver
url, key, secret, image = sys.argv[1:]
parts = urlsplit(url)
ec2 = EC2NodeDriver(key, secret, secure=False, host=parts.hostname, port=parts.port, region="us-east-1")
node = ec2.create_node(
    name="theirs", image=ec2.get_image(image), size=next(s for s in ec2.list_sizes() if s.id == "t3.micro")
)
seen = [one.id for one in ec2.list_nodes()]
tagged = ec2.ex_create_tags(node, {"team": "physics"})
tags = ec2.ex_describe_tags(node)
untagged = ec2.ex_delete_tags(node, {"team": "physics"})
ended = ec2.destroy_node(node)
print(json.dumps([node.id in seen, tagged, tags.get("team"), untagged, ended]))
"""
"""A machine's life by libcloud: made, listed, tagged, ended."""


def test_libcloud_sees_and_tags_the_machines_that_it_makes(
    sandbox: SandboxStatus, make_image: Callable[..., str], tmp_path: Path
) -> None:
    python = programs("libcloud", "apache-libcloud==3.8.0", "certifi") / "python"
    arguments = [sandbox.ec2, KEY, SECRET, make_image()]
    done = run_program(python, "-c", LIBCLOUD, *arguments, variables=environment(tmp_path))
    assert json.loads(done) == [True, True, "physics", True, True]
