"""Disks on this machine: what format they have, where their data is, and their digest.

Nothing here uses a network.
"""

from __future__ import annotations
