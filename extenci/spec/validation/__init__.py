"""How values are checked, and what is said of those that are wrong."""
