"""Names that other tools have for what specs say: Terraform, Packer, OpenStack, EC2's API, uname."""

from __future__ import annotations

from collections.abc import Collection

_OTHERS = {
    # values
    "x86_64": "amd64 x64 x86-64 intel64",
    "arm64": "aarch64 armv8 arm64e",
    "i386": "x86 i686 i586 ia32",
    "legacy-bios": "bios legacy mbr pcbios",
    "uefi": "efi ovmf gpt",
    "condor": "htcondor grid",
    # keys
    "type": "instance_type machine_type flavor flavour flavor_name vm_type volume_type size_name",
    "image": "ami ami_id image_id image_name source_ami base_image",
    "source": "ami file path disk disk_image image_path image_url iso_url location raw_image",
    "key_name": "keypair key_pair key_pair_name keypair_name keyname ssh_key ssh_keypair ssh_key_name key",
    "availability_zone": "zone az placement",
    "subnet": "subnet_id subnets network vpc_subnet",
    "security_groups": "security_group security_group_ids security_group_id vpc_security_group_ids sg groups",
    "user_data": "userdata user_data_base64 cloud_init cloud_config",
    "user_data_file": "userdata_file user_data_path",
    "instance_profile": "iam_instance_profile iam_role iam_profile role",
    "root_volume": "root_block_device block_device_mappings ebs_block_device root_disk volume",
    "spot_price": "spot_max_price max_price max_spot_price bid bid_price price",
    "count": "replicas desired_capacity number num machines instance_count",
    "size": "volume_size disk_size size_gib gib disk_gib",
    "gib": "size volume_size disk_size size_gib",
    "encrypted": "encrypt encrypt_boot",
    "architecture": "arch cpu platform",
    "boot_mode": "boot firmware bios_mode",
    "method": "stage stage_method upload_method",
    "sha256": "checksum source_checksum iso_checksum hash sha sha256sum digest",
    "tags": "labels tag metadata",
    "protect": "prevent_destroy deletion_protection disable_api_termination protected termination_protection",
    "keep": "retention versions keep_versions keep_releases",
    "verify": "test tests checks",
    "launch_timeout": "timeout create_timeout boot_timeout",
    "max_unavailable": "max_surge batch_size",
    "service": "provider cloud services",
    "images": "image disks amis",
    "instances": "instance machines servers vms nodes groups",
    "ec2": "endpoint endpoint_url ec2_url ec2_endpoint url host",
    "s3": "s3_url s3_endpoint",
    "region": "aws_region region_name",
    "ca_bundle": "cacert ca_cert ca_file",
}

NAMES_HERE: dict[str, list[str]] = {}
"""What a name of another tool may be called here."""
for _here, _names in _OTHERS.items():
    for _name in _names.split():
        NAMES_HERE.setdefault(_name.replace("-", "_"), []).append(_here)


def find_name_here(word: str, known: Collection[str]) -> str | None:
    """The one of the known words that other tools call so; None where there is none."""
    return next((name for name in NAMES_HERE.get(word.lower().replace("-", "_"), ()) if name in known), None)
