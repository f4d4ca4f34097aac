"""The state of the sandbox, as people and as programs read it."""
