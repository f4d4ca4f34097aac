"""The memory of disks: digests, block lists, unfinished uploads."""
