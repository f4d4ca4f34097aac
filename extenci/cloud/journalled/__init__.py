"""Changing calls that are journalled: the intent before the call, the result after it.

This is the only way to change anything on a service. Steps and staging methods get a `Journalled` and call
it like any client; only this package makes the bare calls.
"""
