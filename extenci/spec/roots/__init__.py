"""Spec roots: their settings and files, and where that of a saved plan is."""
