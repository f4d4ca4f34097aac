"""Progress and results, for people and programs."""
