terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "ec2" {}
variable "s3" {}
variable "image" {}
variable "public_key" {}
variable "team" {}

provider "aws" {
  region                  = "us-east-1"
  access_key              = "AKIATEST000000000000"
  secret_key              = "anything"
  s3_use_path_style       = true
  skip_metadata_api_check = true
  endpoints {
    ec2 = var.ec2
    s3  = var.s3
    ssm = var.ec2
    sts = var.ec2
  }
  default_tags {
    tags = { made = "by-terraform", team = var.team }
  }
}

data "aws_caller_identity" "me" {}

data "aws_vpc" "default" {
  default = true
}

data "aws_ami" "base" {
  owners      = ["self"]
  most_recent = true
  filter {
    name   = "image-id"
    values = [var.image]
  }
}

data "aws_ebs_snapshot" "root" {
  snapshot_ids = [one(data.aws_ami.base.block_device_mappings).ebs.snapshot_id]
}

resource "aws_ami_copy" "copy" {
  name              = "terraform-copy"
  description       = "for ${var.team}"
  source_ami_id     = data.aws_ami.base.id
  source_ami_region = "us-east-1"
}

resource "aws_snapshot_create_volume_permission" "other" {
  snapshot_id = data.aws_ebs_snapshot.root.id
  account_id  = "210987654321"
}

resource "aws_key_pair" "key" {
  key_name   = "terraform"
  public_key = var.public_key
}

resource "aws_security_group" "ssh" {
  name   = "terraform"
  vpc_id = data.aws_vpc.default.id
  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }
}

resource "aws_instance" "machine" {
  ami                    = data.aws_ami.base.id
  instance_type          = "t3.micro"
  key_name               = aws_key_pair.key.key_name
  vpc_security_group_ids = [aws_security_group.ssh.id]
  user_data              = "hello"
  root_block_device {
    volume_size = data.aws_ebs_snapshot.root.volume_size + 1
    volume_type = "gp3"
  }
  volume_tags = { disk = "root" }
  tags        = { Name = "terraform" }
}

resource "aws_launch_template" "pool" {
  name          = "terraform"
  image_id      = aws_ami_copy.copy.id
  instance_type = "t3.micro"
  tag_specifications {
    resource_type = "instance"
    tags          = { team = var.team }
  }
}

resource "aws_ssm_parameter" "image" {
  name  = "/terraform/image"
  type  = "String"
  value = aws_ami_copy.copy.id
}

resource "aws_s3_bucket" "bucket" {
  bucket = "terraform"
}

resource "aws_s3_object" "object" {
  bucket  = aws_s3_bucket.bucket.id
  key     = "folder/an object"
  content = "content"
}

resource "aws_s3_object_copy" "copy" {
  bucket = aws_s3_bucket.bucket.id
  key    = "copy"
  source = "${aws_s3_bucket.bucket.id}/${aws_s3_object.object.key}"
}

output "account" {
  value = data.aws_caller_identity.me.account_id
}

output "machine" {
  value = aws_instance.machine.id
}
