"""Tells how long the file of a disk image must be, by the image's own tables; one file a format.

`qemu-img` finds clusters that begin behind a file's end, but reads zeros where one's end is missing.
"""
