"""Specs: YAML → what is desired, resolved and checked."""
