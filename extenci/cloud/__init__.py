"""Clients for clouds and HTCondor: one narrow method for each call, and no decisions.

They raise `extenci.model.errors.ServiceError` and its kinds, never the SDK's errors.
"""

from __future__ import annotations
