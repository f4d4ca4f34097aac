"""Runs of the past as text and JSON."""
