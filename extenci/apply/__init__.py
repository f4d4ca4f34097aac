"""Carrying a plan out: an executor that keeps the order, and one step for each action."""
