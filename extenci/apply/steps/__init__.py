"""The steps: one file for each kind of work."""
