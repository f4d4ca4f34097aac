"""What this user has: service files, records of what is owned, the journal, the lock, saved plans."""
