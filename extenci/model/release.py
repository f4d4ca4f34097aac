"""The version of extenci. A file of its own, so that nobody has to import the package itself for it."""

__version__ = "0.2.0"
