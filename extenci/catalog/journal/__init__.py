"""The journal: what was begun, before it is done, and what came of it."""
