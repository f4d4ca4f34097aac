"""Clients of clouds: one narrow method for each call, and no decisions.

Errors leave here as `extenci.model.errors.ServiceError`s, never as the SDK's.
"""

from __future__ import annotations
