"""The belongings of this user: service files, records of what is owned, journal, lock, saved plans."""
