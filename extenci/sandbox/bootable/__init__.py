"""A small bootable disk with an SSH server, for trying machines that really boot: `make_image`."""

from __future__ import annotations

from extenci.sandbox.bootable.image import Recipe, make_image, read_keys, users_keys

__all__ = ["Recipe", "make_image", "read_keys", "users_keys"]
