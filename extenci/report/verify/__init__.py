"""What became of verification, for people and programs."""
