"""YAML text → documents that know where each value stands."""
