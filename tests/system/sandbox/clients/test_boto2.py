"""The sandbox as boto 2 sees it, the last release of which is of 2018."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from extenci.model.service import SandboxStatus
from tests.system.sandbox.clients.programs import KEY, SECRET, environment, programs, run_program

START = """
import sys
if sys.version_info >= (3, 12):
    # The six inside boto, of 2015, finds no modules there. Of imp, boto needs no more than that it is there.
    import importlib.util, six, types
    spec = importlib.util.spec_from_file_location("boto.vendored.six", six.__file__)
    newer = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(newer)
    sys.modules["imp"] = types.ModuleType("imp")
import json, time
from urllib.parse import urlsplit
from urllib.request import urlopen
url, key, secret = sys.argv[1:4]
at = urlsplit(url)
where = {"is_secure": False, "host": at.hostname, "port": at.port}
"""
EC2 = (
    START
    + """
import boto.ec2.connection
from boto.ec2.blockdevicemapping import BlockDeviceMapping, BlockDeviceType
from boto.ec2.regioninfo import RegionInfo
region = RegionInfo(name="us-east-1", endpoint=at.hostname)
ec2 = boto.ec2.connection.EC2Connection(key, secret, path="/", region=region, **where)

def wait(ask, answer):
    until = time.monotonic() + 20
    while ask() != answer and time.monotonic() < until:
        time.sleep(0.1)
    return ask()

seen = {}
pair = ec2.create_key_pair("boto2")
group = ec2.create_security_group("boto2", "of boto 2")
group.authorize("tcp", 22, 22, "10.0.0.0/8")
group, = ec2.get_all_security_groups(groupnames=["boto2"])
seen["rules"] = [str(one) for one in group.rules]
more = {"key_name": pair.name, "security_groups": [group.name], "instance_type": "t3.micro"}
token = {"client_token": "boto2", "user_data": "hello"}
machine, = ec2.run_instances(sys.argv[4], **more, **token).instances
seen["token"] = [one.id for one in ec2.run_instances(sys.argv[4], **more, **token).instances] == [machine.id]
seen["running"] = wait(machine.update, "running")
machine.add_tag("client", "boto2")
seen["tagged"] = [one.id for one in ec2.get_only_instances(filters={"tag:client": "boto2"})] == [machine.id]
console = machine.get_console_output()
seen["console"] = console.instance_id == machine.id and machine.id.encode() in console.output
seen["user data"] = machine.get_attribute("userData")["userData"]
volume = ec2.create_volume(2, machine.placement)
volume.attach(machine.id, "/dev/sdf")
seen["attached"] = (volume.update(), volume.attach_data.device)
snapshot = volume.create_snapshot("of a volume")
seen["snapshot"] = wait(snapshot.update, "100%")
snapshot.share(user_ids=["210987654321"])
seen["shared"] = snapshot.get_permissions()
snapshot.reset_permissions()
disks = BlockDeviceMapping()
disks["/dev/sda1"] = BlockDeviceType(snapshot_id=snapshot.id)
about = {"architecture": "x86_64", "root_device_name": "/dev/sda1", "virtualization_type": "hvm"}
image = ec2.get_image(ec2.register_image("boto2", block_device_map=disks, **about))
seen["image"] = (image.state, image.block_device_mapping["/dev/sda1"].snapshot_id == snapshot.id)
image.set_launch_permissions(user_ids=["210987654321"])
seen["permissions"] = image.get_launch_permissions()
volume.detach()
seen["gone"] = [volume.delete(), image.deregister(), snapshot.delete(), pair.delete()]
machine.terminate()
seen["ended"] = wait(machine.update, "terminated")
seen["group gone"] = group.delete()
print(json.dumps(seen))
"""
)
"""The whole life of a machine and of its disks."""
S3 = (
    START
    + """
import io
from boto.s3.connection import OrdinaryCallingFormat, S3Connection
s3 = S3Connection(key, secret, calling_format=OrdinaryCallingFormat(), **where)
bucket = s3.create_bucket("boto2")
seen = {}
one = bucket.new_key("a folder/b+c \u00e9")
one.set_metadata("made", "by boto 2")
one.set_contents_from_string("content", policy="aws-exec-read")
seen["listed"] = [key.name for key in bucket.list("a folder/")] == [one.name]
seen["metadata"] = bucket.get_key(one.name).get_metadata("made")
seen["range"] = one.get_contents_as_string(headers={"Range": "bytes=1-3"}).decode()
seen["presigned"] = urlopen(one.generate_url(60)).read().decode()
seen["copied"] = bucket.copy_key("copy", bucket.name, one.name).exists()
upload = bucket.initiate_multipart_upload("whole")
for number in (1, 2):
    upload.upload_part_from_file(io.BytesIO(bytes(5 << 20)), number)
seen["parts"] = [part.size for part in upload.get_all_parts()]
upload.complete_upload()
seen["size"] = bucket.get_key("whole").size
seen["deleted"] = len(bucket.delete_keys([key.name for key in bucket.list()]).deleted)
bucket.delete()
seen["gone"] = s3.lookup("boto2") is None
print(json.dumps(seen))
"""
)
"""Objects, and an upload in parts."""


def python() -> Path:
    return programs("boto2", "boto==2.49.0", "six==1.17.0") / "python"


def test_boto_2_runs_a_machine_and_makes_an_image(
    sandbox: SandboxStatus, make_image: Callable[..., str], tmp_path: Path
) -> None:
    arguments = [sandbox.ec2, KEY, SECRET, make_image()]
    done = run_program(python(), "-W", "ignore", "-c", EC2, *arguments, variables=environment(tmp_path))
    other = ["210987654321"]
    assert json.loads(done) == {
        "rules": ["IPPermissions:tcp(22-22)"],
        "token": True,
        "running": "running",
        "tagged": True,
        "console": True,
        "user data": "aGVsbG8=",
        "attached": ["in-use", "/dev/sdf"],
        "snapshot": "100%",
        "shared": {"user_ids": other},
        "image": ["available", True],
        "permissions": {"user_ids": other},
        "gone": [True, True, True, True],
        "ended": "terminated",
        "group gone": True,
    }


def test_boto_2_keeps_objects(sandbox: SandboxStatus, tmp_path: Path) -> None:
    arguments = [sandbox.s3, KEY, SECRET]
    done = run_program(python(), "-W", "ignore", "-c", S3, *arguments, variables=environment(tmp_path))
    assert json.loads(done) == {
        "listed": True,
        "metadata": "by boto 2",
        "range": "ont",
        "presigned": "content",
        "copied": True,
        "parts": [5 << 20, 5 << 20],
        "size": 10 << 20,
        "deleted": 3,
        "gone": True,
    }
