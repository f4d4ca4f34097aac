"""Values that every part of extenci shares: specs, observations, records, plans, outcomes, errors.

This package imports nothing of extenci's own and reads nothing from outside.
"""
