"""The SQLite file that records and journal live in."""
