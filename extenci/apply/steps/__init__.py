"""How each kind of work is done: one file a kind."""
