"""Clients and records → one observation: what each service reports, with the marks of what is owned."""
