"""How values are validated, and the messages for those that are wrong."""
