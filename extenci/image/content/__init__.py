"""Recognises the content of a raw disk: partition tables and file systems, and how far they reach."""
