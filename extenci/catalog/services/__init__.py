"""Service files: found, written and edited."""
