"""What is remembered of disks: digests, block lists, unfinished uploads."""
