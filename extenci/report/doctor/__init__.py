"""What `doctor` found, for people and programs."""
