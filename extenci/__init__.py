"""extenci: declarative VM images and instances on EC2-compatible clouds."""

from __future__ import annotations

__version__ = "0.1.0"
