"""The method `ebs`: a snapshot written block by block."""
