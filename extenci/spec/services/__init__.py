"""Service files → services."""
