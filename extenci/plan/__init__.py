"""Desired state, records and observations → plans and status. Pure: no clock, no files, no network."""
