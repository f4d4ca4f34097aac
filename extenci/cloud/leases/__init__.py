"""Leases of stacks, kept at the services themselves.

A lease is changed without an intent in the journal: it has one name, which the next command finds again, and
ends by itself.
"""
