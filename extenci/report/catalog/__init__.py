"""Services and records of the catalog, for people."""
