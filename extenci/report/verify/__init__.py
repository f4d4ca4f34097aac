"""Results of verification, for people and programs."""
