"""The documentation in a terminal."""
