"""From a disk on this machine to a registered image, one file for each method; and back."""

from __future__ import annotations
