"""Machines that really boot: QEMU as the sandbox's hypervisor.

Each machine is a QEMU process of this user, without root: its disk is an overlay over the snapshot's
bytes, its network QEMU's user networking with a relay of ours in between (`relay`), which adds the metadata
service and opens a port on the machine's own loopback address when, and only while, the machine listens.
"""
