"""The status of a stack, for people and programs."""
