"""How machines are launched: the keys of spec and service files as values of the model."""
