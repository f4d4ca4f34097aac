"""Saved plans: written, read and checked."""
